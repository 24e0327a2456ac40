import type { Page } from '../ports/page.ts'

/**
 * A page from which nothing is missing: whoever acts on a list, rather than showing
 * it, must not go on as if what cannot be read were not there.
 */
export const whole = <T>(page: Page<T>): Page<T> => {
  const { unreadable = [] } = page
  if (unreadable.length > 0) throw new Error(`rows that cannot be read: ${unreadable.join(', ')}`)
  return page
}

import type { Bypass } from '../model/bypass.ts'
import { environment } from './environment.ts'
import { logger } from './logger.ts'

/** The stages in which nobody relies on what is signed. */
const harmless: ReadonlySet<string> = new Set(['local', 'dev'])

/**
 * Whether this deployment lets pass what waits for people, as its stage says;
 * said aloud at every cold start. Null where people decide. A production stage
 * cannot be synthesized with it; should the variable be there all the same,
 * it counts for nothing.
 */
export const approvalBypass = (): Bypass | null => {
  if (process.env.APPROVAL_BYPASS === undefined) return null
  const stage = environment('STAGE')
  if (process.env.APPROVAL_BYPASS !== 'yes' || !harmless.has(stage)) {
    logger.error('APPROVAL_BYPASS is ignored: people decide', { stage })
    return null
  }
  logger.warn('approvals are bypassed: nobody decides on anything', { stage })
  return { environment: environment('ENVIRONMENT') }
}

import { Refusal } from '../../lib/model/refusal.ts'

/** The code and detail that a call is refused with; anything else that is thrown goes on, and so does not refusing. */
export function refusalOf(call: () => unknown): { readonly code: string; readonly detail: string } {
  try {
    call()
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}

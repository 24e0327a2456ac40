import type { Asked } from '../flows/once.ts'
import type { Principal } from '../model/principal.ts'

type Given = {
  readonly principal: Principal
  readonly idempotency_key: string | null
  readonly params: unknown
  readonly body: unknown
}

/** A request to change something, as the flows know it. */
export const askedBy = (operation: string, given: Given): Asked => {
  const { principal: requester, idempotency_key, params, body } = given
  return { requester, operation, idempotency_key, input: { params, body }, envelope: null }
}

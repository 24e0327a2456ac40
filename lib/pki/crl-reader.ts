import type { RefusalCode } from '../model/refusal.ts'
import type { CrlEntry } from './crl.ts'

export type CrlFacts = {
  readonly tbs: Uint8Array
  readonly issuer_der: Uint8Array
  readonly number: bigint | null
  readonly this_update: string
  readonly next_update: string | null
  /** How many entries there are; counting does not decode them. */
  readonly count: number
  readonly entries: () => Iterable<CrlEntry>
  readonly signing_algorithm: string | null
  readonly signature: Uint8Array
}

export function readCrl(_der: Uint8Array, _code: RefusalCode = 'plan_mismatch'): CrlFacts {
  throw new Error('not built yet')
}

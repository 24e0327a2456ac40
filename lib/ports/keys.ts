import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { Event } from '../model/event.ts'
import type { KeyUse } from '../model/key-use.ts'

/** A digest to sign (never a message), and the event that put it on record before. */
export type Signable = { readonly digest: Uint8Array; readonly event_id: string }

/** The CA keys, by name. They never leave KMS. */
export type Signer = {
  /**
   * The signature as X.509 carries it. The event goes along in the request, so
   * that each use of a key can be held against the record.
   */
  readonly sign: (key: string, algorithm: SigningAlgorithm, what: Signable) => Promise<Uint8Array>
}

/** SubjectPublicKeyInfo, DER, of a CA key by name; null for a key that this deployment does not have. */
export type PublicKeys = { readonly publicKey: (key: string) => Promise<Uint8Array | null> }

/** A key that vouches for somebody's word. What it signs is hashed here; the signature is DER. */
export type ReceiptSigner = {
  readonly kid: string
  readonly sign: (input: Uint8Array) => Promise<Uint8Array>
}

type ReceiptKey = { readonly kid: string; readonly spki: Uint8Array }

/** The public keys that receipts are verified with: for decisions of people, and for deadlines. */
export type ReceiptKeys = { readonly decision: ReceiptKey; readonly clock: ReceiptKey }

/** What CloudTrail says of CA keys, beside what is on record. */
export type KeyUses = {
  /** Any event by its id; null where there is none. */
  readonly event: (id: string) => Promise<Event | null>
  /** The CA key that a request for a parent outside is to be signed with; null for any other job. */
  readonly requestKey: (job_id: string) => Promise<string | null>
  /** Keeps a use, once however often it is told; how many are kept for its event. */
  readonly keep: (use: KeyUse) => Promise<number>
  /** Puts on record, once, that a use has no account. */
  readonly report: (event: Event) => Promise<void>
}

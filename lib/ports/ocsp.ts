/** What a relying party asks of OCSP: DER as it was sent, or a serial number as people write it. */
export type OcspQuery = { readonly der: Uint8Array } | { readonly serial: string }

export type OcspReply = {
  /** OCSPResponse, DER. */
  readonly body: Uint8Array
  /** How long caches may keep it, in seconds; 0 for errors and for answers with a nonce. */
  readonly max_age_seconds: number
  /** From when on it says so; null for errors. */
  readonly this_update: string | null
  readonly outcome: 'answered' | 'malformed' | 'unauthorized' | 'unknown_issuer' | 'fault'
}

/** A signed answer, kept so that whoever asks the same within its window gets the same octets. */
export type SignedAnswer = {
  readonly body: Uint8Array
  readonly this_update: string
  readonly next_update: string
  /** Until when it is given again. */
  readonly fresh_until: string
  /** The versions of the serials that it speaks of, in their order; 0 for one that was never issued. */
  readonly versions: readonly number[]
}

export type SignedAnswers = {
  /** Strongly consistent; `key` names the question. */
  readonly get: (issuer_id: string, key: string) => Promise<SignedAnswer | null>
  /**
   * Keeps the answer about one serial, unless that serial has changed since
   * (`stale`), or another answer was kept in place of the one before.
   */
  readonly keep: (kept: {
    readonly issuer_id: string
    readonly serial: string
    readonly key: string
    readonly answer: SignedAnswer
    readonly before: SignedAnswer | null
  }) => Promise<'kept' | 'stale' | 'other_there'>
}

/** A delegated OCSP responder: its certificate in the open, its private key sealed. */
export type ResponderRecord = {
  readonly issuer_id: string
  readonly version: number
  readonly certificate: string
  /** Ciphertext of the PKCS#8 key under the sealing key, base64. */
  readonly sealed_key: string
  readonly issuer_subject: string
  readonly issuer_spki: string
  readonly not_after: string
  readonly renew_at: string
}

export type Responders = {
  readonly get: (issuer_id: string) => Promise<ResponderRecord | null>
  readonly put: (record: ResponderRecord) => Promise<boolean>
}

/** Keeps a secret for one function: what one side seals only the other can open. */
export type Seal = (plain: Uint8Array, context: string) => Promise<string>

export type Unseal = (sealed: string, context: string) => Promise<Uint8Array>

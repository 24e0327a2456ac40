/** Hides a text from everybody who does not hold the credential that the request came with. */
export type Envelope = {
  readonly seal: (text: string) => string
  /** Null for what was sealed under another credential, or tampered with. */
  readonly open: (sealed: string) => string | null
}

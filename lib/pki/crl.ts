import type { SigningAlgorithm } from '../model/algorithms.ts'
import { Refusal } from '../model/refusal.ts'
import { signingTable } from './algorithms.ts'
import { authorityKeyId, encodeExtension, uriName } from './certificate-extensions.ts'
import { type CrlEntry, crlEntryChunks } from './crl-entries.ts'
import { concat, explicit, header, number, sequence } from './der.ts'
import { time } from './der-time.ts'
import { extensionIds } from './extensions.ts'
import { signedSequence } from './signing.ts'

/** Everything a CRL says (RFC 5280 §5). Entries are written in the order they come. */
export type CrlPlan = {
  /** The CA's own name, DER. */
  readonly issuer_subject: Uint8Array
  /** The CA's subject key identifier, lower case hex. */
  readonly key_id: string
  readonly signing_algorithm: SigningAlgorithm
  /** Grows from one CRL to the next of the same scope; at most 20 octets. */
  readonly number: bigint | number
  /** ISO 8601. */
  readonly this_update: string
  readonly next_update: string
  readonly entries: Iterable<CrlEntry>
  /** Present for a shard: the URL in the certificates' CRL distribution points, word for word. */
  readonly shard_url?: string | undefined
}

/** IssuingDistributionPoint (RFC 5280 §5.2.5): this CRL covers only certificates that name this URL. */
const issuingDistributionPoint = (url: string): Uint8Array =>
  encodeExtension(
    extensionIds.issuing_distribution_point,
    true,
    sequence(explicit(0, explicit(0, uriName(url)))),
  )

const extensionsOf = ({ key_id, number: crl_number, shard_url }: CrlPlan): Uint8Array =>
  explicit(
    0,
    sequence(
      authorityKeyId(key_id),
      encodeExtension(extensionIds.crl_number, false, number(crl_number)),
      ...(shard_url === undefined ? [] : [issuingDistributionPoint(shard_url)]),
    ),
  )

const checkPlan = ({ number: crl_number, this_update, next_update }: CrlPlan): void => {
  if (crl_number < 0 || BigInt(crl_number) >> 159n > 0n) {
    throw new Refusal('issuer_invalid', 'a CRL number is not negative and has at most 20 octets')
  }
  if (!(Date.parse(this_update) < Date.parse(next_update))) {
    throw new Refusal('issuer_invalid', 'the next update of a CRL comes after this one')
  }
}

const octetsIn = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0)

/**
 * TBSCertList (RFC 5280 §5.1) as chunks of about 64 KB, with their total
 * length in octets: linear in the entries, and about 40 octets of memory for
 * each. Without entries the list itself is absent. Throws
 * Refusal('issuer_invalid') for a number, key identifier or pair of times that
 * no CRL can have.
 */
export function crlChunks(plan: CrlPlan): {
  readonly length: number
  readonly chunks: readonly Uint8Array[]
} {
  checkPlan(plan)
  const entries = crlEntryChunks(plan.entries)
  const list = entries.length === 0 ? [] : [header(0x30, octetsIn(entries)), ...entries]
  const body = [
    number(1),
    signingTable[plan.signing_algorithm].identifier,
    plan.issuer_subject,
    time(new Date(plan.this_update)),
    time(new Date(plan.next_update)),
    ...list,
    extensionsOf(plan),
  ]
  const chunks = [header(0x30, octetsIn(body)), ...body]
  return { length: octetsIn(chunks), chunks }
}

/** `crlChunks` joined. */
export const tbsCertList = (plan: CrlPlan): Uint8Array => concat(crlChunks(plan).chunks)

/** The CertificateList of a TBSCertList and its signature. Nothing is verified here. */
export const assembleCrl = (
  tbs: Uint8Array,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array => signedSequence(tbs, signing_algorithm, signature)

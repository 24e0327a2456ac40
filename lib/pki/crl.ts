import type { SigningAlgorithm } from '../model/algorithms.ts'
import { Refusal } from '../model/refusal.ts'
import { signingTable } from './algorithms.ts'
import { authorityKeyId, encodeExtension, uriName } from './certificate-extensions.ts'
import { entriesOctets, entryChunks, type Rows } from './crl-entries.ts'
import { bitString, explicit, header, number, sequence } from './der.ts'
import { time } from './der-time.ts'
import { extensionIds } from './extensions.ts'
import { signedSequence } from './signing.ts'

/** Everything a CRL says (RFC 5280 §5). Entries are written in the order of their rows. */
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
  readonly rows: Rows
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

/** Octets of a known number, in pieces; each piece holds until the next one is asked for. */
export type OctetStream = { readonly length: number; readonly chunks: () => Iterable<Uint8Array> }

/**
 * TBSCertList (RFC 5280 §5.1) as a stream that can be read again and again:
 * once to be hashed, once to be sent. Linear in the entries, and in memory
 * that does not depend on them. Without entries the list itself is absent.
 * Throws Refusal('issuer_invalid') for a number, key identifier or pair of
 * times that no CRL can have.
 */
export function crlStream(plan: CrlPlan): OctetStream {
  checkPlan(plan)
  const octets = entriesOctets(plan.rows)
  const before = [
    number(1),
    signingTable[plan.signing_algorithm].identifier,
    plan.issuer_subject,
    time(new Date(plan.this_update)),
    time(new Date(plan.next_update)),
    ...(octets === 0 ? [] : [header(0x30, octets)]),
  ]
  const after = extensionsOf(plan)
  const content = octetsIn(before) + octets + after.length
  const outer = header(0x30, content)
  return {
    length: outer.length + content,
    chunks: function* () {
      yield outer
      yield* before
      yield* entryChunks(plan.rows)
      yield after
    },
  }
}

/** The octets of a stream as one array. */
export const wholeOf = ({ length, chunks }: OctetStream): Uint8Array => {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks()) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** `crlStream` as one array. */
export const tbsCertList = (plan: CrlPlan): Uint8Array => wholeOf(crlStream(plan))

/** The CertificateList of a streamed TBSCertList and its signature. Nothing is verified here. */
export const signedCrlStream = (
  tbs: OctetStream,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): OctetStream => {
  const after = [signingTable[signing_algorithm].identifier, bitString(signature)]
  const content = tbs.length + octetsIn(after)
  const outer = header(0x30, content)
  return {
    length: outer.length + content,
    chunks: function* () {
      yield outer
      yield* tbs.chunks()
      yield* after
    },
  }
}

/** The CertificateList of a TBSCertList and its signature. Nothing is verified here. */
export const assembleCrl = (
  tbs: Uint8Array,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array => signedSequence(tbs, signing_algorithm, signature)

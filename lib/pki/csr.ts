import { sha256 } from '../model/digest.ts'
import type { DistinguishedName } from '../model/names.ts'
import type { CertificatePlan } from '../model/plan.ts'
import { Refusal } from '../model/refusal.ts'
import { isAcceptedSignature, verifySignature } from './algorithms.ts'
import { type RequestedExtensions, readRequestedExtensions } from './csr-extensions.ts'
import { cursorOf, malformed, octetsOf, rawOf, reading, wholeElement } from './der-reader.ts'
import { bitStringOctetsOf, smallNumberOf } from './der-values.ts'
import { decodeName } from './name.ts'
import { decodePem } from './pem.ts'
import { checkPublicKey } from './public-key.ts'

/** What a PKCS#10 request (RFC 2986) asks for, once its proof of possession holds. */
export type Csr = RequestedExtensions & {
  readonly der: Uint8Array
  readonly subject: DistinguishedName
  readonly public_key: CertificatePlan['public_key']
  /** Object identifiers of the extensions asked for other than the SAN. */
  readonly requested_extensions: readonly string[]
  /** It asks for basicConstraints CA:TRUE, or for keyCertSign or cRLSign. */
  readonly requests_ca: boolean
}

const maximum = { octets: 16_384, characters: 24_576, depth: 16 }

const tooLarge = () => new Refusal('csr_too_large', `a request has at most ${maximum.octets} octets of DER`)

/** DER begins with the octet of a SEQUENCE, which neither PEM nor base64 of DER does. */
const derOf = (input: string | Uint8Array): Uint8Array => {
  if (input.length > maximum.characters) throw tooLarge()
  const text =
    typeof input === 'string' ? input : input[0] === 0x30 ? null : Buffer.from(input).toString('latin1')
  if (text === null && input.length > maximum.octets) throw tooLarge()
  if (typeof input !== 'string' && text === null) return new Uint8Array(input)
  const labels = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']
  const der = reading('csr_malformed', () => decodePem(text ?? '', labels, 'the request'))
  if (der.length > maximum.octets) throw tooLarge()
  return der
}

/** CertificationRequest (RFC 2986 §4) without a look at what the parts mean. */
const partsOf = (der: Uint8Array) => {
  const root = wholeElement(der, maximum)
  if (root.tag !== 0x30) throw malformed('the request is not a SEQUENCE')
  const outer = cursorOf(root)
  const information = outer.next(0x30, 'the request information')
  const identifier = rawOf(outer.next(0x30, 'the signature algorithm'))
  const signature = bitStringOctetsOf(outer.next(0x03, 'the signature'), 'the signature')
  outer.end('the signature')
  const inner = cursorOf(information)
  if (smallNumberOf(inner.next(0x02, 'the version'), 'the version') !== 0)
    throw malformed('the version is not 1')
  const subject = rawOf(inner.next(0x30, 'the subject'))
  const spki = rawOf(inner.next(0x30, 'the public key'))
  // some clients leave out the attributes when they have none
  const attributes = inner.optional(0xa0)
  inner.end('the request information')
  return { signed: rawOf(information), identifier, signature, subject, spki, attributes }
}

/**
 * Reads a PKCS#10 request (RFC 2986) from PEM, base64 or DER of at most 16 KB.
 * Names come back canonical; nothing that was asked for is dropped. Throws
 * Refusal: `csr_too_large`; `csr_malformed` for what is not strict DER or
 * holds names that cannot be certified; `csr_key_refused` for a key that is
 * weak or not in our table; `csr_signature_invalid` when the proof of
 * possession fails or uses SHA-1 or MD5.
 */
export function readCsr(input: string | Uint8Array): Csr {
  const der = octetsOf(derOf(input))
  const parts = reading('csr_malformed', () => partsOf(der))
  const subject = reading('csr_malformed', () => decodeName(parts.subject))
  const requested = reading('csr_malformed', () => readRequestedExtensions(parts.attributes))
  const { algorithm, key } = checkPublicKey(parts.spki)
  if (!isAcceptedSignature(parts.identifier)) {
    throw new Refusal('csr_signature_invalid', 'the request is signed by an algorithm that is not accepted')
  }
  if (!verifySignature(parts, key)) {
    throw new Refusal('csr_signature_invalid', 'the request is not signed by the key that it holds')
  }
  const spki = Buffer.from(parts.spki).toString('base64')
  return { der, subject, public_key: { algorithm, spki, spki_sha256: sha256(parts.spki) }, ...requested }
}

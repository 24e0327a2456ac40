import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { DistinguishedName } from '../model/names.ts'
import { keyUsages } from '../model/plan.ts'
import { encodeExtension } from './certificate-extensions.ts'
import { boolean, element, explicit, namedBits, number, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { extensionIds } from './extensions.ts'
import { encodeName } from './name.ts'
import { signedSequence } from './signing.ts'

const caUsage = namedBits(
  (['digitalSignature', 'keyCertSign', 'cRLSign'] as const).map((usage) => keyUsages.indexOf(usage)),
)

const extensionRequest = '1.2.840.113549.1.9.14'

/**
 * CertificationRequestInfo (RFC 2986 §4.1) that asks for a CA certificate. It
 * begins with an INTEGER where a TBSCertificate has [0], so that a signature
 * over one is never a signature over the other.
 */
export const caRequestInfo = (subject: DistinguishedName, spki: Uint8Array): Uint8Array => {
  const extensions = sequence(
    encodeExtension(extensionIds.basic_constraints, true, sequence(boolean(true))),
    encodeExtension(extensionIds.key_usage, true, caUsage),
  )
  const attribute = sequence(oid(extensionRequest), element(0x31, extensions))
  return sequence(number(0), encodeName(subject), spki, explicit(0, attribute))
}

/** The CertificationRequest (RFC 2986 §4.2) of an info and its signature. Nothing is verified here. */
export const assembleRequest = (
  info: Uint8Array,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array => signedSequence(info, signing_algorithm, signature)

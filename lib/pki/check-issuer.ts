import { digestOf } from '../model/digest.ts'
import type { Issuer } from '../model/issuer.ts'
import { Refusal } from '../model/refusal.ts'
import { keyTable, signingTable } from './algorithms.ts'
import { type CertificateFacts, readCertificate, verifyCertificate } from './certificate-reader.ts'
import { checkPublicKey } from './public-key.ts'
import { remembered } from './remembered.ts'

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Every certificate is of a CA that may have those below it, and is signed by the next; the last signs itself. */
function* chainComplaints(chain: readonly CertificateFacts[]): Generator<string> {
  for (const [depth, facts] of chain.entries()) {
    const above = chain[depth + 1] ?? facts
    if (!facts.is_ca || !facts.key_usage.includes('keyCertSign')) yield `certificate ${depth} is of no CA`
    if (facts.path_length !== null && facts.path_length < depth)
      yield `certificate ${depth} allows ${facts.path_length} CAs below it`
    if (!same(facts.issuer_der, above.subject_der)) yield `certificate ${depth} names another issuer`
    else if (!verifyCertificate(facts.der, above.spki))
      yield `certificate ${depth} is not signed by the one above it`
  }
}

/** The complaints of a chain of CA certificates, lowest first, up to one that signs itself. */
export const chainViolations = (chain: readonly CertificateFacts[]): readonly string[] => [
  ...chainComplaints(chain),
]

/** What is stored of an issuer besides its certificate is what its certificate says. */
function* factsComplaints(
  { type, facts, spki, path_length }: Issuer,
  own: CertificateFacts,
): Generator<string> {
  if (type !== facts.type) yield 'its type is another one'
  if (base64(own.spki) !== spki) yield 'its certificate is of another key'
  if (own.sha256 !== facts.certificate_sha256) yield 'its certificate is another one'
  if (base64(own.subject_der) !== facts.subject) yield 'its certificate has another name'
  if (own.key_id === null || own.key_id !== facts.key_id) yield 'its certificate has another key identifier'
  if (own.not_after !== facts.not_after) yield 'its certificate has another end'
  if (own.path_length !== path_length) yield 'its certificate has another path length'
  const { algorithm } = checkPublicKey(own.spki)
  if (keyTable[algorithm].type !== signingTable[facts.signing_algorithm].type)
    yield 'its key does not sign so'
}

/** The name constraints along a chain, lowest first. */
export const constraintsOf = (chain: readonly CertificateFacts[]) =>
  chain.flatMap(({ name_constraints }) => (name_constraints === null ? [] : [name_constraints]))

/** When the certificate of an issuer begins (DER, base64), ISO 8601: nothing that it signs begins before. */
const beginningOf = remembered(
  (der: string) => readCertificate(Buffer.from(der, 'base64')).not_before,
  (a, b) => a === b,
)

/** When an issuer begins; null for none, which is a CA that signs itself. */
export const issuerSince = (issuer: Pick<Issuer, 'chain'> | null): string | null =>
  issuer === null ? null : beginningOf(issuer.chain[0] ?? '')

/** Records that were found sound, by digest: the same octets need no second look. */
const sound = new Set<string>()

/**
 * An issuer as it was stored, once its key, its facts and its chain agree.
 * Throws Refusal('issuer_invalid') with everything that does not.
 */
export function checkIssuer(issuer: Issuer): Issuer {
  const digest = digestOf(issuer)
  if (sound.has(digest)) return issuer
  const chain = issuer.chain.map((der) => readCertificate(Buffer.from(der, 'base64')))
  const [own] = chain
  if (own === undefined) throw new Refusal('issuer_invalid', `issuer ${issuer.id} has no certificate`)
  const complaints = [...factsComplaints(issuer, own), ...chainComplaints(chain)]
  if (digestOf(constraintsOf(chain)) !== digestOf(issuer.facts.name_constraints))
    complaints.push('its name constraints are not those of its chain')
  if (complaints.length > 0)
    throw new Refusal('issuer_invalid', `issuer ${issuer.id}: ${complaints.join('; ')}`)
  if (sound.size >= 64) sound.clear()
  sound.add(digest)
  return issuer
}

/** As `checkIssuer`, for those who go on with the others: what is wrong with an issuer; null where nothing is. */
export function issuerComplaint(issuer: Issuer): string | null {
  try {
    checkIssuer(issuer)
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.message
    throw error
  }
}

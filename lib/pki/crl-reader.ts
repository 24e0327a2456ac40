import type { RefusalCode } from '../model/refusal.ts'
import { publicKeyOf, signingAlgorithmOf, verifySignature } from './algorithms.ts'
import type { CrlEntry } from './crl-rows.ts'
import {
  attempt,
  contentOf,
  cursorOf,
  type Element,
  elementAt,
  elementsOf,
  malformed,
  octetsOf,
  rawOf,
  reading,
  soleElement,
} from './der-reader.ts'
import { bitStringOctetsOf, magnitudeOf, smallNumberOf, timeOf } from './der-values.ts'
import { readAuthorityKeyId } from './extension-values.ts'
import { extensionIds, readExtensions } from './extensions.ts'
import { type ReasonName, reasonCodes, reasonNames } from './revocation-reasons.ts'
import { serialOfOctets } from './serial.ts'

/** The facts of a CRL. */
export type CrlFacts = {
  readonly tbs: Uint8Array
  readonly issuer_der: Uint8Array
  readonly number: bigint | null
  readonly authority_key_id: string | null
  readonly is_shard: boolean
  /** ISO 8601 with milliseconds. */
  readonly this_update: string
  readonly next_update: string | null
  /** How many entries there are. */
  readonly count: number
  /** Decodes the entries one by one; a malformed one is refused under the same code. */
  readonly entries: () => Iterable<CrlEntry>
  readonly signing_algorithm: string | null
  readonly signature: Uint8Array
}

const maximumOctets = 256 * 1024 * 1024

const reasonOf = (der: Uint8Array): ReasonName => {
  const content = contentOf(soleElement(der, 0x0a, 'a reason code'))
  const found = reasonNames.find((name) => content.length === 1 && reasonCodes[name] === content[0])
  if (found === undefined) throw malformed('a reason code is none of RFC 5280')
  return found
}

const entryOf = (element: Element): CrlEntry => {
  if (element.tag !== 0x30) throw malformed('an entry is not a SEQUENCE')
  const cursor = cursorOf(element)
  const serial = serialOfOctets(magnitudeOf(cursor.next(0x02, 'a serial number'), 'a serial number'))
  const [date, list, extra] = cursor.rest()
  if (date === undefined || extra !== undefined)
    throw malformed('an entry does not have a date and extensions')
  const revoked_at = timeOf(date, 'a revocation date')
  const extensions = list === undefined ? undefined : readExtensions(list)
  const reason = extensions?.get(extensionIds.reason_code)
  const invalidity = extensions?.get(extensionIds.invalidity_date)
  return {
    serial,
    revoked_at,
    reason: reason === undefined ? 'unspecified' : reasonOf(reason.value),
    ...(invalidity === undefined
      ? {}
      : { invalidity_date: timeOf(elementAt(invalidity.value, 0), 'an invalidity date') }),
  }
}

const partsOf = (der: Uint8Array) => {
  if (der.length > maximumOctets) throw malformed('the CRL is larger than any CRL here')
  const outer = cursorOf(soleElement(octetsOf(der), 0x30, 'the CRL'))
  const tbs = outer.next(0x30, 'the TBSCertList')
  const identifier = rawOf(outer.next(0x30, 'the signature algorithm'))
  const signature = bitStringOctetsOf(outer.next(0x03, 'the signature'), 'the signature')
  outer.end('the signature')
  return { tbs, identifier, signature }
}

const fieldsOf = (tbs: Element, identifier: Uint8Array) => {
  const cursor = cursorOf(tbs)
  const version = smallNumberOf(cursor.next(0x02, 'the version'), 'the version')
  const inner = rawOf(cursor.next(0x30, 'the signature algorithm'))
  if (version !== 1) throw malformed('the CRL is not of version 2')
  if (Buffer.compare(inner, identifier) !== 0) throw malformed('the two signature algorithms differ')
  const issuer_der = rawOf(cursor.next(0x30, 'the issuer'))
  const this_update = cursor.optional(0x17) ?? cursor.next(0x18, 'thisUpdate')
  const next_update = cursor.optional(0x17) ?? cursor.optional(0x18)
  const list = cursor.optional(0x30)
  const extensions = readExtensions(
    cursorOf(cursor.next(0xa0, 'the extensions')).next(0x30, 'the extensions'),
  )
  cursor.end('the extensions')
  return { issuer_der, this_update, next_update, list, extensions }
}

const numberOf = (der: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(magnitudeOf(elementAt(der, 0), 'the CRL number')).toString('hex')}`)

const countOf = (list: Element | undefined): number => {
  let count = 0
  if (list === undefined) return count
  for (const { tag } of elementsOf(list)) {
    if (tag !== 0x30) throw malformed('an entry is not a SEQUENCE')
    count++
  }
  return count
}

const factsOf = (der: Uint8Array, code: RefusalCode): CrlFacts => {
  const { tbs, identifier, signature } = partsOf(der)
  const { issuer_der, this_update, next_update, list, extensions } = fieldsOf(tbs, identifier)
  const number = extensions.get(extensionIds.crl_number)
  const authority = extensions.get(extensionIds.authority_key_identifier)
  return {
    tbs: rawOf(tbs),
    issuer_der,
    number: number === undefined ? null : numberOf(number.value),
    authority_key_id: authority === undefined ? null : readAuthorityKeyId(authority.value),
    is_shard: extensions.has(extensionIds.issuing_distribution_point),
    this_update: timeOf(this_update, 'thisUpdate'),
    next_update: next_update === undefined ? null : timeOf(next_update, 'nextUpdate'),
    count: countOf(list),
    entries: function* () {
      if (list === undefined) return
      for (const element of elementsOf(list)) yield reading(code, () => entryOf(element))
    },
    signing_algorithm: signingAlgorithmOf(identifier),
    signature,
  }
}

/**
 * The facts of a CRL (RFC 5280 §5.1) in DER, version 2, at most 256 MB.
 * Entries are decoded as they are asked for. Throws Refusal with the caller's
 * code when it is not strict DER.
 */
export const readCrl = (der: Uint8Array, code: RefusalCode = 'plan_mismatch'): CrlFacts =>
  reading(code, () => factsOf(der, code))

/** Whether the signature of a CRL (DER) holds under an issuer's SubjectPublicKeyInfo. False for any other octets. */
export function verifyCrl(der: Uint8Array, issuer_spki: Uint8Array): boolean {
  const parts = attempt(() => partsOf(der))
  const key = publicKeyOf(issuer_spki)
  if (parts === null || key === null) return false
  return verifySignature(
    { signed: rawOf(parts.tbs), identifier: parts.identifier, signature: parts.signature },
    key,
  )
}

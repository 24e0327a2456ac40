import { folded } from './principal.ts'
import type { Selection } from './revocation-plan.ts'
import { instantOf, later } from './time.ts'

/** RFC 9773 §4.1: the issuer's key identifier and the serial number as DER has it, in base64url. */
export const renewalCertId = (authority_key_id: string, serial: string): string => {
  const octets = Buffer.from(serial, 'hex')
  // An INTEGER has a sign: a magnitude that begins with a set bit has a zero octet before it.
  const content = (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), octets]) : octets
  return `${Buffer.from(authority_key_id, 'hex').toString('base64url')}.${content.toString('base64url')}`
}

export type SuggestedWindow = { readonly start: string; readonly end: string }

/** How long a client may keep an answer, in seconds (RFC 9773 §4.3.2): six hours. */
export const retryAfterSeconds = 6 * 3600

/**
 * A window that has passed (RFC 9773 §4.2): whoever sees it renews at once.
 * It ends where the reason for it began, so that it is the same each time.
 */
export const pastWindow = (since: string): SuggestedWindow => ({
  start: instantOf(later(new Date(since), -3600)),
  end: since,
})

/** What of a certificate a revocation in bulk may be chosen by. */
export type Choosable = {
  readonly issuer_id: string
  readonly serial: string
  readonly profile_id: string
  readonly owner: string
  readonly spki_sha256: string
}

/** Whether a revocation in bulk that was chosen so is about this certificate. */
export const isChosen = (selection: Selection, certificate: Choosable): boolean => {
  if ('owner' in selection) return folded(selection.owner) === folded(certificate.owner)
  if ('profile_id' in selection) return selection.profile_id === certificate.profile_id
  if ('spki_sha256' in selection) return selection.spki_sha256 === certificate.spki_sha256
  if (selection.issuer_id !== certificate.issuer_id) return false
  return !('serials' in selection) || selection.serials.includes(certificate.serial)
}

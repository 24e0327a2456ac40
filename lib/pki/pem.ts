import { malformed } from './der-reader.ts'
import { base64Of } from './octets.ts'

const alphabet = /^[A-Za-z0-9+/]+={0,2}$/

/** Standard base64 in its one canonical form, white space aside; throws a malformed error. */
function decodeBase64(text: string, subject: string): Uint8Array {
  const packed = text.replaceAll(/[ \t\r\n]/g, '')
  const octets = Buffer.from(packed, 'base64')
  if (!alphabet.test(packed) || octets.toString('base64') !== packed)
    throw malformed(`${subject} is not base64`)
  return new Uint8Array(octets)
}

/** Textual encoding (RFC 7468 §2), lines of 64 characters. */
export function encodePem(label: string, der: Uint8Array): string {
  const text = base64Of(der)
  let lines = ''
  for (let at = 0; at < text.length; at += 64) lines += `${text.slice(at, at + 64)}\n`
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}

/**
 * The DER of a text that is one PEM block with one of these labels and nothing
 * around it, or bare base64. A second block or text beside it is malformed:
 * what people read must be what is parsed.
 */
export function decodePem(text: string, labels: readonly string[], subject: string): Uint8Array {
  const trimmed = text.trim()
  if (!trimmed.startsWith('-----')) return decodeBase64(trimmed, subject)
  const label = labels.find((candidate) => trimmed.startsWith(`-----BEGIN ${candidate}-----`))
  if (label === undefined) throw malformed(`${subject} is not labelled ${labels.join(' or ')}`)
  const end = `-----END ${label}-----`
  if (!trimmed.endsWith(end)) throw malformed(`${subject} has no end line, or text after it`)
  return decodeBase64(trimmed.slice(label.length + 16, -end.length), subject)
}

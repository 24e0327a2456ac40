const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * An xn-- label must be what its own Unicode form encodes to. The URL parser
 * knows IDNA (UTS 46), but only decodes labels of a name that is not all
 * ASCII; hence the second label.
 */
const isALabel = (text: string): boolean => {
  const url = `http://${text}.ü/`
  return URL.canParse(url) && new URL(url).hostname === `${text}.xn--tda`
}

const labelComplaint = (text: string): string | null => {
  if (!label.test(text)) return `label ${JSON.stringify(text)} is not 1–63 of a–z, 0–9 and inner hyphens`
  if (text.startsWith('xn--')) return isALabel(text) ? null : `label ${text} is not a valid A-label`
  return text.slice(2, 4) === '--' ? `label ${text} has reserved hyphens` : null
}

/** Names without A-labels, which are most: all the rules below in one look. */
const plainName =
  /^(?=.{1,253}$)(?:(?![a-z0-9-]{2}--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?![a-z0-9-]{2}--)(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Why a text is not a DNS name for a certificate (RFC 5280 §4.2.1.6, RFC 1034
 * §3.5, RFC 5890 §2.3.2.1, RFC 6125 §6.4.3): lower case A-labels, at most 253
 * octets; a wildcard only as the whole leftmost label; null when it is one.
 */
export function dnsNameComplaint(name: string, allows_wildcard = true): string | null {
  if (plainName.test(name)) return null
  if (name.length > 253) return 'is longer than 253 characters'
  const isWildcard = allows_wildcard && name.startsWith('*.')
  const labels = (isWildcard ? name.slice(2) : name).split('.')
  const complaint = labels.map(labelComplaint).find((found) => found !== null)
  if (complaint !== undefined) return complaint
  return /^\d+$/.test(labels.at(-1) ?? '') ? 'ends in a number, as an IP address does' : null
}

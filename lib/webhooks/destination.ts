import { isIP } from 'node:net'

/** Where a webhook is, as its URL says. */
export type Destination = {
  readonly url: URL
  /** A name, or an address without brackets. */
  readonly host: string
  readonly is_address: boolean
}

/** `loopback`: plain HTTP and any port, to this machine alone; what no stage but `local` can have. */
export type Rules = { readonly loopback: boolean }

const ports: ReadonlySet<string> = new Set(['', '443', '8443'])

/** What a URL is refused for before anything is looked up, or null. */
const complaintOf = (url: URL, { loopback }: Rules): string | null => {
  const scheme = url.protocol
  if (scheme !== 'https:' && !(loopback && scheme === 'http:')) return 'the URL is not https'
  if (url.username !== '' || url.password !== '') return 'the URL has credentials in it'
  if (url.hostname === '') return 'the URL names no host'
  if (!loopback && !ports.has(url.port)) return 'the port is neither 443 nor 8443'
  return null
}

/** The destination of a URL, or why it is refused. URL reads every spelling of an IPv4 address there is. */
export const destinationOf = (text: string, rules: Rules): Destination | { readonly refused: string } => {
  if (!URL.canParse(text)) return { refused: 'the URL is none' }
  const url = new URL(text)
  const refused = complaintOf(url, rules)
  if (refused !== null) return { refused }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { url, host, is_address: isIP(host) !== 0 }
}

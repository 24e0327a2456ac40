const decimal = /^(?:0|[1-9]\d{0,2})$/
const group = /^[0-9a-f]{1,4}$/i

const octetsOfV4 = (text: string): Uint8Array | null => {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256)) return null
  return Uint8Array.from(parts, Number)
}

/** Octets of the groups on one side of `::`; a dotted quad may be the last of them. */
const octetsOfGroups = (text: string): readonly number[] | null => {
  if (text === '') return []
  const octets: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const quad = index === parts.length - 1 && part.includes('.') ? octetsOfV4(part) : null
    if (quad === null && !group.test(part)) return null
    const value = Number.parseInt(part, 16)
    octets.push(...(quad ?? [value >> 8, value & 0xff]))
  }
  return octets
}

const octetsOfV6 = (text: string): Uint8Array | null => {
  const [head = '', tail, extra] = text.split('::')
  if (extra !== undefined || (tail !== undefined && head.includes('.'))) return null
  const before = octetsOfGroups(head)
  const after = octetsOfGroups(tail ?? '')
  if (before === null || after === null) return null
  const missing = 16 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 2) return null
  return Uint8Array.from([...before, ...Array<number>(missing).fill(0), ...after])
}

/** The 4 or 16 octets of an IP address without zone or prefix; null when the text is none. */
export const octetsOfIp = (text: string): Uint8Array | null =>
  text.length > 45 ? null : text.includes(':') ? octetsOfV6(text) : octetsOfV4(text)

/** Text of 4 or 16 octets: dotted quad, or RFC 5952 (IPv4-mapped addresses with a dotted quad, §5). */
export function textOfIp(octets: Uint8Array): string {
  const quad = octets.subarray(-4).join('.')
  if (octets.length === 4) return quad
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((octets[index * 2] ?? 0) << 8) | (octets[index * 2 + 1] ?? 0)).toString(16),
  )
  const text = groups.join(':')
  if (text.startsWith('0:0:0:0:0:ffff:')) return `::ffff:${quad}`
  const runs = text.match(/\b0(?::0)+\b/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return text
  // of several longest runs the first (§4.2.3)
  const short = `:${text}:`.replace(`:${longest}:`, '::')
  return short.replace(/^:(?!:)/, '').replace(/(?<!:):$/, '')
}

/** Address and mask, one after the other (RFC 5280 §4.2.1.10), of a CIDR range; null when the text is none. */
export function octetsOfRange(text: string): Uint8Array | null {
  const [base = '', length = '', extra] = text.split('/')
  const address = octetsOfIp(base)
  if (address === null || extra !== undefined || !decimal.test(length) || Number(length) > address.length * 8)
    return null
  const mask = address.map((_, index) => 0xff00 >> Math.min(8, Math.max(0, Number(length) - index * 8)))
  return Uint8Array.from([...address.map((octet, index) => octet & (mask[index] ?? 0)), ...mask])
}

/** CIDR text of address and mask; a mask with holes in it is written as an address. */
export function textOfRange(octets: Uint8Array): string {
  const half = octets.length / 2
  const [address, mask] = [octets.subarray(0, half), octets.subarray(half)]
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  const suffix = /^1*0*$/.test(bits) ? String(bits.replaceAll('0', '').length) : textOfIp(mask)
  return `${textOfIp(address)}/${suffix}`
}

/** Whether an IP address lies in a CIDR range of its own family. */
export function isInRange(address: string, range: string): boolean {
  const octets = octetsOfIp(address)
  const bounds = octetsOfRange(range)
  if (octets === null || bounds === null || bounds.length !== octets.length * 2) return false
  return octets.every((octet, index) => (octet & (bounds[octets.length + index] ?? 0)) === bounds[index])
}

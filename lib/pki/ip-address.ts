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

import { isIP } from 'node:net'
import type { GeneralName } from '../model/names.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import { secondsOf } from '../model/time.ts'
import type { Csr } from '../pki/csr.ts'
import { octetsOfIp } from '../pki/ip-address.ts'

type NameRules = ProfileDocument['subject_alternative_names']

const within = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`)

const inRange = (address: string, range: string): boolean => {
  const [base = '', length = ''] = range.split('/')
  const [a, b] = [octetsOfIp(address), octetsOfIp(base)]
  if (a === null || b === null || a.length !== b.length) return false
  return Array.from(a).every((octet, index) => {
    const bits = Math.min(8, Math.max(0, Number(length) - index * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    return (octet & mask) === ((b[index] ?? 0) & mask)
  })
}

const mailDomain = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

/** Why a name is not allowed, or null. */
const checks: Readonly<Record<GeneralName['type'], (value: string, rules: NameRules) => string | null>> = {
  dns: (value, { dns }) => {
    if (dns === undefined) return 'the profile allows no DNS names'
    const wildcard = value.startsWith('*.')
    if (wildcard && !dns.wildcards) return 'the profile allows no wildcards'
    const name = wildcard ? value.slice(2) : value
    return dns.domains.some((domain) => within(name, domain)) ? null : `not within ${dns.domains.join(', ')}`
  },
  ip: (value, { ip }) => {
    if (ip === undefined || isIP(value) === 0) return 'the profile allows no IP addresses'
    return ip.ranges.some((range) => inRange(value, range)) ? null : `not within ${ip.ranges.join(', ')}`
  },
  uri: (value, { uri }) => {
    if (uri === undefined) return 'the profile allows no URIs'
    return uri.prefixes.some((prefix) => value.startsWith(prefix)) ? null : 'begins with none of the prefixes'
  },
  email: (value, { email }) => {
    if (email === undefined) return 'the profile allows no e-mail addresses'
    return email.domains.some((domain) => within(mailDomain(value), domain))
      ? null
      : `not within ${email.domains.join(', ')}`
  },
}

function* complaints(csr: Csr, rules: ProfileDocument, lifetime: number): Generator<Violation> {
  const { public_key, subject, subject_alternative_names: names } = csr
  if (!rules.key_algorithms.includes(public_key.algorithm))
    yield {
      pointer: '/csr',
      detail: `key ${public_key.algorithm} is none of ${rules.key_algorithms.join(', ')}`,
    }
  if (csr.requests_ca) yield { pointer: '/csr', detail: 'a CA certificate is asked for' }
  for (const { type, value } of subject) {
    if (!rules.subject.allowed.includes(type))
      yield { pointer: '/csr', detail: `subject attribute ${type} is not allowed` }
    // A common name is read as a host name by old clients: it must be one of the names that were checked.
    if (type === 'CN' && !names.some((name) => name.value === value.toLowerCase()))
      yield { pointer: '/csr', detail: `common name ${value} is not among the subject alternative names` }
  }
  if (names.length === 0) yield { pointer: '/csr', detail: 'no subject alternative name' }
  for (const { type, value } of names) {
    const complaint = checks[type](value, rules.subject_alternative_names)
    if (complaint !== null) yield { pointer: '/csr', detail: `${type}:${value}: ${complaint}` }
  }
  if (lifetime > secondsOf(rules.validity.max))
    yield { pointer: '/lifetime', detail: `longer than ${rules.validity.max}` }
}

/** All that a profile has against a request, at once (`profile_violation`). Nothing is altered or dropped. */
export const checkRequest = (csr: Csr, rules: ProfileDocument, lifetime: number): void => {
  const violations = [...complaints(csr, rules, lifetime)]
  if (violations.length > 0)
    throw new Refusal('profile_violation', violations.map(({ detail }) => detail).join('; '), violations)
}

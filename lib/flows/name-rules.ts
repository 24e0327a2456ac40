import type { GeneralName } from '../model/names.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { isInRange } from '../pki/ip-address.ts'

type NameRules = ProfileDocument['subject_alternative_names']

const isWithin = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`)

const dns = (value: string, { dns: rules }: NameRules): string | null => {
  if (rules === undefined) return 'the profile allows no DNS names'
  const wildcard = value.startsWith('*.')
  if (wildcard && !(rules.wildcards && rules.subdomains)) return 'the profile allows no wildcards'
  const name = wildcard ? value.slice(2) : value
  const allowed = rules.domains.some((domain) =>
    rules.subdomains ? isWithin(name, domain) : name === domain,
  )
  return allowed ? null : `not ${rules.subdomains ? 'within' : 'one of'} ${rules.domains.join(', ')}`
}

const ip = (value: string, { ip: rules }: NameRules): string | null => {
  if (rules === undefined) return 'the profile allows no IP addresses'
  return rules.ranges.some((range) => isInRange(value, range))
    ? null
    : `not within ${rules.ranges.join(', ')}`
}

/** SPIFFE ID §2: a trust domain, then segments; no dots alone, nothing empty, no port, query or fragment. */
const spiffeId = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*)$/

/** A path that could climb out of the prefix it begins with. */
const climbs = (value: string): boolean => /\/\.{1,2}(?:[/?#]|$)|%2e|%2f|%5c/i.test(value)

const uri = (value: string, { uri: rules }: NameRules): string | null => {
  if (rules === undefined) return 'the profile allows no URIs'
  if (value.startsWith('spiffe:')) {
    const [, domain] = spiffeId.exec(value) ?? []
    if (domain === undefined) return 'is not a SPIFFE ID'
    const domains = rules.spiffe_trust_domains
    return domains.includes(domain)
      ? null
      : `not of trust domain ${domains.join(', ') || '(none is allowed)'}`
  }
  if (climbs(value)) return 'has a path that is not in its plain form'
  return rules.prefixes.some((prefix) => value.startsWith(prefix)) ? null : 'begins with none of the prefixes'
}

const email = (value: string, { email: rules }: NameRules): string | null => {
  if (rules === undefined) return 'the profile allows no e-mail addresses'
  const host = value.slice(value.lastIndexOf('@') + 1)
  return rules.domains.some((domain) => isWithin(host, domain))
    ? null
    : `not within ${rules.domains.join(', ')}`
}

const checks = { dns, ip, uri, email } as const

/** Why a profile does not allow a name; null when it does. */
export const nameComplaint = ({ type, value }: GeneralName, rules: NameRules): string | null =>
  checks[type](value, rules)

/** An X.509-SVID has exactly one URI (SPIFFE X.509-SVID §2). */
export const isAmbiguousSpiffe = (names: readonly GeneralName[]): boolean => {
  const uris = names.filter(({ type }) => type === 'uri')
  return uris.length > 1 && uris.some(({ value }) => value.startsWith('spiffe:'))
}

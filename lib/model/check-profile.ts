import type { ProfileDocument } from './profile.ts'
import type { Violation } from './refusal.ts'
import { secondsOf } from './time.ts'

function* complaints(document: ProfileDocument): Generator<Violation> {
  const { subject, subject_alternative_names: names, extended_key_usage: purposes, validity } = document
  if (new Set(purposes).size !== purposes.length)
    yield { pointer: '/extended_key_usage', detail: 'a purpose is there twice' }
  if (purposes.includes('timeStamping') && purposes.length > 1)
    yield { pointer: '/extended_key_usage', detail: 'timeStamping stands alone (RFC 3161 §2.3)' }
  if (new Set(document.policies).size !== document.policies.length)
    yield { pointer: '/policies', detail: 'a policy is there twice' }
  if (document.must_staple && secondsOf(validity.default) < 3600)
    yield { pointer: '/must_staple', detail: 'short-lived certificates have no OCSP answer to staple' }
  if (subject.common_name === 'free' && purposes.includes('serverAuth'))
    yield {
      pointer: '/subject/common_name',
      detail: 'the common name of a server is one of its checked names',
    }
  if (names.dns?.wildcards === true && !names.dns.subdomains)
    yield { pointer: '/subject_alternative_names/dns/wildcards', detail: 'a wildcard stands for subdomains' }
  if (names.uri !== undefined && names.uri.prefixes.length + names.uri.spiffe_trust_domains.length === 0)
    yield { pointer: '/subject_alternative_names/uri', detail: 'allows nothing: leave it out' }
  if (!(['dns', 'ip', 'uri', 'email'] as const).some((type) => names[type] !== undefined))
    yield {
      pointer: '/subject_alternative_names',
      detail: 'no type of name is allowed: nothing could be issued',
    }
}

/** All that makes a profile incoherent, at once: what its parts, each valid, cannot mean together. */
export const profileViolations = (document: ProfileDocument): readonly Violation[] => [
  ...complaints(document),
]

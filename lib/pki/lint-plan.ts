import type { KeyAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, KeyUsage } from '../model/plan.ts'
import type { Violation } from '../model/refusal.ts'
import { keyTable } from './algorithms.ts'
import { dnsNameComplaint } from './dns-name.ts'
import { constraintComplaint, subtreeComplaint } from './name-constraints.ts'

const signing: readonly KeyUsage[] = ['digitalSignature', 'contentCommitment', 'keyCertSign', 'cRLSign']

/** What each kind of key can do (RFC 3279 §2.3.1, RFC 8813 §3, RFC 8410 §5). */
const usagesByType: Readonly<Record<'rsa' | 'ec' | 'ed25519', readonly KeyUsage[]>> = {
  rsa: [...signing, 'keyEncipherment', 'dataEncipherment'],
  ec: [...signing, 'keyAgreement'],
  ed25519: signing,
}

/** Whether a key of this algorithm may bear this usage. */
export const allowsUsage = (algorithm: KeyAlgorithm, usage: KeyUsage): boolean =>
  usagesByType[keyTable[algorithm].type].includes(usage)

/** All the names that a relying party holds against name constraints; a common name that reads as a host is one. */
const constrainedNames = ({ subject, subject_alternative_names: names }: CertificatePlan) => [
  ...names,
  ...subject.flatMap(({ type, value }) =>
    type === 'CN' && value.includes('.') && dnsNameComplaint(value) === null
      ? [{ type: 'dns' as const, value }]
      : [],
  ),
]

/** Whether a CA above forbids a name of a plan. */
const hasForbiddenName = (plan: CertificatePlan): boolean =>
  plan.issuer.name_constraints.some((constraints) =>
    constrainedNames(plan).some((name) => constraintComplaint(name, constraints) !== null),
  )

type Rule = {
  readonly pointer: string
  readonly detail: string
  readonly broken: (plan: CertificatePlan) => boolean
}

/** What no certificate may say, whoever approved it; by RFC 5280 where no other is named. */
const rules: readonly Rule[] = [
  {
    pointer: '/key_usage',
    detail: 'a usage is not one of this kind of key',
    broken: ({ key_usage, public_key }) =>
      !key_usage.every((usage) => allowsUsage(public_key.algorithm, usage)),
  },
  {
    pointer: '/key_usage',
    detail: 'keyCertSign is for CAs, and every CA has it (§4.2.1.3, §4.2.1.9)',
    broken: ({ key_usage, basic_constraints }) => key_usage.includes('keyCertSign') !== basic_constraints.ca,
  },
  {
    pointer: '/basic_constraints/path_length',
    detail: 'only a CA has a path length (§4.2.1.9)',
    broken: ({ basic_constraints: { ca, path_length } }) => !ca && path_length !== null,
  },
  {
    pointer: '/subject',
    detail: 'a CA has a subject (§4.1.2.6)',
    broken: ({ basic_constraints, subject }) => basic_constraints.ca && subject.length === 0,
  },
  {
    pointer: '/subject_alternative_names',
    detail: 'there is neither a subject nor a subject alternative name (§4.1.2.6)',
    broken: ({ subject, subject_alternative_names: names }) => subject.length === 0 && names.length === 0,
  },
  {
    pointer: '/extended_key_usage',
    detail: 'timeStamping stands alone (RFC 3161 §2.3)',
    broken: ({ extended_key_usage: purposes }) => purposes.includes('timeStamping') && purposes.length > 1,
  },
  {
    pointer: '/extended_key_usage',
    detail: 'a purpose is there twice',
    broken: ({ extended_key_usage: purposes }) => new Set(purposes).size !== purposes.length,
  },
  {
    pointer: '/no_revocation_available',
    detail: 'noRevAvail is not for CAs and excludes CRL and OCSP addresses (RFC 9608 §2, §3)',
    broken: (plan) =>
      plan.no_revocation_available &&
      (plan.basic_constraints.ca || plan.crl_distribution_points.length > 0 || plan.ocsp.length > 0),
  },
  {
    pointer: '/name_constraints',
    detail: 'only a CA has name constraints, and they are not empty (§4.2.1.10)',
    broken: ({ name_constraints: given, basic_constraints }) =>
      given !== null && (!basic_constraints.ca || given.permitted.length + given.excluded.length === 0),
  },
  {
    pointer: '/name_constraints',
    detail: 'a subtree of the name constraints is not canonical, or is none of its type (§4.2.1.10)',
    broken: ({ name_constraints: given }) =>
      given !== null &&
      [...given.permitted, ...given.excluded].some((subtree) => subtreeComplaint(subtree) !== null),
  },
  {
    pointer: '/subject_alternative_names',
    detail: 'a name is forbidden by the name constraints of an issuer above (§4.2.1.10)',
    broken: hasForbiddenName,
  },
  {
    pointer: '/policies',
    detail: 'a certificate policy is there twice (§4.2.1.4)',
    broken: ({ policies }) => new Set(policies).size !== policies.length,
  },
  {
    pointer: '/must_staple',
    detail: 'nothing can be stapled without the address of OCSP (RFC 7633 §4.2)',
    broken: ({ must_staple, ocsp }) => must_staple && ocsp.length === 0,
  },
  {
    pointer: '/ocsp_no_check',
    detail: 'ocsp-nocheck is for OCSP responders (RFC 6960 §4.2.2.2.1)',
    broken: (plan) => plan.ocsp_no_check && !plan.extended_key_usage.includes('OCSPSigning'),
  },
  {
    pointer: '/issuer/not_after',
    detail: 'an issuer that does not sign itself has an end',
    broken: ({ issuer }) => (issuer.certificate_sha256 === null) !== (issuer.not_after === null),
  },
]

/** Rules that a plan breaks before anything is built from it. */
export const planViolations = (plan: CertificatePlan): readonly Violation[] =>
  rules.filter(({ broken }) => broken(plan)).map(({ pointer, detail }) => ({ pointer, detail }))

import type { KeyAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, KeyUsage } from '../model/plan.ts'
import type { Violation } from '../model/refusal.ts'
import { keyTable } from './algorithms.ts'

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

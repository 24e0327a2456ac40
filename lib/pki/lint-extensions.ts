import { type CertificatePlan, keyUsages } from '../model/plan.ts'
import { asn1Null } from './der.ts'
import {
  readAuthorityKeyId,
  readBasicConstraints,
  readDistributionPoints,
  readExtendedKeyUsage,
  readInformationAccess,
  readKeyUsage,
  readPolicies,
  readSubjectKeyId,
  readTlsFeatures,
} from './extension-values.ts'
import { extensionIds } from './extensions.ts'
import { readGeneralNames } from './general-names.ts'
import { readKeyId } from './key-id.ts'
import type { Check, TbsFields } from './lint-fields.ts'
import { readNameConstraints } from './name-constraints.ts'
import { sameList, sameNames, sameOctets } from './same.ts'

/** What a plan says about one extension: whether it is there, whether it is critical, and what it holds. */
type Expectation = {
  readonly name: keyof typeof extensionIds
  readonly pointer: string
  readonly present: boolean
  readonly critical: boolean
  readonly holds: (value: Uint8Array, fields: TbsFields) => boolean
}

const isNull = (value: Uint8Array): boolean => sameOctets(value, asn1Null)

const usageExpectations = (plan: CertificatePlan): readonly Expectation[] => [
  {
    name: 'basic_constraints',
    pointer: '/basic_constraints',
    present: true,
    critical: true,
    holds: (value) => {
      const { ca, path_length } = readBasicConstraints(value)
      return ca === plan.basic_constraints.ca && path_length === plan.basic_constraints.path_length
    },
  },
  {
    name: 'key_usage',
    pointer: '/key_usage',
    present: true,
    critical: true,
    holds: (value) =>
      sameList(
        readKeyUsage(value),
        keyUsages.filter((usage) => plan.key_usage.includes(usage)),
      ),
  },
  {
    name: 'extended_key_usage',
    pointer: '/extended_key_usage',
    present: plan.extended_key_usage.length > 0,
    critical: plan.extended_key_usage.includes('timeStamping'),
    holds: (value) => sameList<string>(readExtendedKeyUsage(value), plan.extended_key_usage),
  },
]

const policyExpectations = (plan: CertificatePlan): readonly Expectation[] => [
  {
    name: 'name_constraints',
    pointer: '/name_constraints',
    present: plan.name_constraints !== null,
    critical: true,
    holds: (value) => {
      const { permitted, excluded } = readNameConstraints(value)
      const wanted = plan.name_constraints ?? { permitted: [], excluded: [] }
      return sameNames(permitted, wanted.permitted) && sameNames(excluded, wanted.excluded)
    },
  },
  {
    name: 'certificate_policies',
    pointer: '/policies',
    present: plan.policies.length > 0,
    critical: false,
    holds: (value) => sameList(readPolicies(value), plan.policies),
  },
  {
    name: 'tls_feature',
    pointer: '/must_staple',
    present: plan.must_staple,
    critical: false,
    holds: (value) => sameList(readTlsFeatures(value), [5]),
  },
]

const identityExpectations = (plan: CertificatePlan): readonly Expectation[] => [
  {
    name: 'subject_alternative_name',
    pointer: '/subject_alternative_names',
    present: plan.subject_alternative_names.length > 0,
    critical: plan.subject.length === 0,
    holds: (value) => sameNames(readGeneralNames(value), plan.subject_alternative_names),
  },
  {
    name: 'subject_key_identifier',
    pointer: '/public_key/spki',
    present: true,
    critical: false,
    holds: (value, { spki }) => readSubjectKeyId(value) === readKeyId(spki),
  },
  {
    name: 'authority_key_identifier',
    pointer: '/issuer/key_id',
    present: true,
    critical: false,
    holds: (value) => readAuthorityKeyId(value) === plan.issuer.key_id,
  },
]

const statusExpectations = (plan: CertificatePlan): readonly Expectation[] => [
  {
    name: 'crl_distribution_points',
    pointer: '/crl_distribution_points',
    present: plan.crl_distribution_points.length > 0,
    critical: false,
    holds: (value) => sameList(readDistributionPoints(value), plan.crl_distribution_points),
  },
  {
    name: 'authority_information_access',
    pointer: '/ocsp',
    present: plan.ocsp.length + plan.ca_issuers.length > 0,
    critical: false,
    holds: (value) => {
      const { ocsp, ca_issuers } = readInformationAccess(value)
      return sameList(ocsp, plan.ocsp) && sameList(ca_issuers, plan.ca_issuers)
    },
  },
  {
    name: 'no_revocation_available',
    pointer: '/no_revocation_available',
    present: plan.no_revocation_available,
    critical: false,
    holds: isNull,
  },
  {
    name: 'ocsp_no_check',
    pointer: '/ocsp_no_check',
    present: plan.ocsp_no_check,
    critical: false,
    holds: isNull,
  },
]

/** The checks of the extensions of a TBSCertificate: those of the plan, as planned, and no other. */
export function extensionChecks(fields: TbsFields, plan: CertificatePlan): readonly Check[] {
  const all = [
    ...usageExpectations(plan),
    ...identityExpectations(plan),
    ...policyExpectations(plan),
    ...statusExpectations(plan),
  ]
  const planned = all.filter(({ present }) => present)
  const ids = new Set<string>(planned.map(({ name }) => extensionIds[name]))
  return [
    {
      pointer: '',
      detail: 'there are extensions that were not planned',
      holds: () => [...fields.extensions.keys()].every((id) => ids.has(id)),
    },
    ...planned.map(({ name, pointer, critical, holds }) => ({
      pointer,
      detail: `extension ${name} is missing, differs, or has the wrong criticality`,
      holds: () => {
        const extension = fields.extensions.get(extensionIds[name])
        return extension?.critical === critical && holds(extension.value, fields)
      },
    })),
  ]
}

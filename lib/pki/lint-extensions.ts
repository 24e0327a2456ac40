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
import type { Check, Compared, TbsFields } from './lint-fields.ts'
import { readNameConstraints } from './name-constraints.ts'
import { sameList, sameNames, sameOctets } from './same.ts'

/** What a plan says about one extension: whether it is there, whether it is critical, and what it holds. */
type Expectation = {
  readonly name: keyof typeof extensionIds
  readonly pointer: string
  readonly present: (plan: CertificatePlan) => boolean
  readonly critical: (plan: CertificatePlan) => boolean
  readonly holds: (value: Uint8Array, plan: CertificatePlan, fields: TbsFields) => boolean
}

const always = () => true
const never = () => false

const isNull = (value: Uint8Array): boolean => sameOctets(value, asn1Null)

const usageExpectations: readonly Expectation[] = [
  {
    name: 'basic_constraints',
    pointer: '/basic_constraints',
    present: always,
    critical: always,
    holds: (value, plan) => {
      const { ca, path_length } = readBasicConstraints(value)
      return ca === plan.basic_constraints.ca && path_length === plan.basic_constraints.path_length
    },
  },
  {
    name: 'key_usage',
    pointer: '/key_usage',
    present: always,
    critical: always,
    holds: (value, plan) =>
      sameList(
        readKeyUsage(value),
        keyUsages.filter((usage) => plan.key_usage.includes(usage)),
      ),
  },
  {
    name: 'extended_key_usage',
    pointer: '/extended_key_usage',
    present: (plan) => plan.extended_key_usage.length > 0,
    critical: (plan) => plan.extended_key_usage.includes('timeStamping'),
    holds: (value, plan) => sameList<string>(readExtendedKeyUsage(value), plan.extended_key_usage),
  },
]

const policyExpectations: readonly Expectation[] = [
  {
    name: 'name_constraints',
    pointer: '/name_constraints',
    present: (plan) => plan.name_constraints !== null,
    critical: always,
    holds: (value, plan) => {
      const { permitted, excluded } = readNameConstraints(value)
      const wanted = plan.name_constraints ?? { permitted: [], excluded: [] }
      return sameNames(permitted, wanted.permitted) && sameNames(excluded, wanted.excluded)
    },
  },
  {
    name: 'certificate_policies',
    pointer: '/policies',
    present: (plan) => plan.policies.length > 0,
    critical: never,
    holds: (value, plan) => sameList(readPolicies(value), plan.policies),
  },
  {
    name: 'tls_feature',
    pointer: '/must_staple',
    present: (plan) => plan.must_staple,
    critical: never,
    holds: (value) => sameList(readTlsFeatures(value), [5]),
  },
]

const identityExpectations: readonly Expectation[] = [
  {
    name: 'subject_alternative_name',
    pointer: '/subject_alternative_names',
    present: (plan) => plan.subject_alternative_names.length > 0,
    critical: (plan) => plan.subject.length === 0,
    holds: (value, plan) => sameNames(readGeneralNames(value), plan.subject_alternative_names),
  },
  {
    name: 'subject_key_identifier',
    pointer: '/public_key/spki',
    present: always,
    critical: never,
    holds: (value, _, { spki }) => readSubjectKeyId(value) === readKeyId(spki),
  },
  {
    name: 'authority_key_identifier',
    pointer: '/issuer/key_id',
    present: always,
    critical: never,
    holds: (value, plan) => readAuthorityKeyId(value) === plan.issuer.key_id,
  },
]

const statusExpectations: readonly Expectation[] = [
  {
    name: 'crl_distribution_points',
    pointer: '/crl_distribution_points',
    present: (plan) => plan.crl_distribution_points.length > 0,
    critical: never,
    holds: (value, plan) => sameList(readDistributionPoints(value), plan.crl_distribution_points),
  },
  {
    name: 'authority_information_access',
    pointer: '/ocsp',
    present: (plan) => plan.ocsp.length + plan.ca_issuers.length > 0,
    critical: never,
    holds: (value, plan) => {
      const { ocsp, ca_issuers } = readInformationAccess(value)
      return sameList(ocsp, plan.ocsp) && sameList(ca_issuers, plan.ca_issuers)
    },
  },
  {
    name: 'no_revocation_available',
    pointer: '/no_revocation_available',
    present: (plan) => plan.no_revocation_available,
    critical: never,
    holds: isNull,
  },
  {
    name: 'ocsp_no_check',
    pointer: '/ocsp_no_check',
    present: (plan) => plan.ocsp_no_check,
    critical: never,
    holds: isNull,
  },
]

const expectations = [
  ...usageExpectations,
  ...identityExpectations,
  ...policyExpectations,
  ...statusExpectations,
]

const unplanned: Check = {
  pointer: '',
  detail: 'there are extensions that were not planned',
  holds: ({ fields, plan }) => {
    const planned = expectations.filter(({ present }) => present(plan))
    const found = planned.filter(({ name }) => fields.extensions.has(extensionIds[name]))
    return found.length === fields.extensions.size
  },
}

/** The checks of the extensions of a TBSCertificate: those of the plan, as planned, and no other. */
export const extensionChecks: readonly Check[] = [
  unplanned,
  ...expectations.map(({ name, pointer, present, critical, holds }) => ({
    pointer,
    detail: `extension ${name} is missing, differs, or has the wrong criticality`,
    holds: ({ fields, plan }: Compared) => {
      if (!present(plan)) return true
      const extension = fields.extensions.get(extensionIds[name])
      return extension?.critical === critical(plan) && holds(extension.value, plan, fields)
    },
  })),
]

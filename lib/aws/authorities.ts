import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, ExtendedKeyUsage } from '../model/plan.ts'
import { decodePem } from '../pki/pem.ts'
import type { Authority, AuthorityChains, AuthorityOrder } from '../ports/authority.ts'
import { type AwsAccess, jsonCall } from './aws-call.ts'

/** AWS Private CA by signed HTTP, where it is and as whom. */
export type AuthorityAccess = AwsAccess & {
  /** Names of the deployment → ARNs of certificate authorities. */
  readonly arns: Readonly<Record<string, string>>
}

const algorithms: Readonly<Record<SigningAlgorithm, string>> = {
  ECDSA_SHA_256: 'SHA256WITHECDSA',
  ECDSA_SHA_384: 'SHA384WITHECDSA',
  ECDSA_SHA_512: 'SHA512WITHECDSA',
  RSASSA_PKCS1_V1_5_SHA_256: 'SHA256WITHRSA',
  RSASSA_PKCS1_V1_5_SHA_384: 'SHA384WITHRSA',
  RSASSA_PKCS1_V1_5_SHA_512: 'SHA512WITHRSA',
}

const usages = {
  digitalSignature: 'DigitalSignature',
  contentCommitment: 'NonRepudiation',
  keyEncipherment: 'KeyEncipherment',
  dataEncipherment: 'DataEncipherment',
  keyAgreement: 'KeyAgreement',
  keyCertSign: 'KeyCertSign',
  cRLSign: 'CRLSign',
} as const

const purposes: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: 'SERVER_AUTH',
  clientAuth: 'CLIENT_AUTH',
  codeSigning: 'CODE_SIGNING',
  emailProtection: 'EMAIL_PROTECTION',
  timeStamping: 'TIME_STAMPING',
  OCSPSigning: 'OCSP_SIGNING',
}

const names = {
  dns: 'DnsName',
  ip: 'IpAddress',
  uri: 'UniformResourceIdentifier',
  email: 'Rfc822Name',
} as const

/** Extensions that the API has no word for, as it takes them: RFC 9608 noRevAvail. */
const customExtensions = ({ no_revocation_available }: CertificatePlan) =>
  no_revocation_available ? [{ ObjectIdentifier: '2.5.29.56', Value: 'BQA=', Critical: false }] : []

/** All that the plan says and the CSR does not; a template without anything of its own but CA:FALSE. */
const passthrough = (plan: CertificatePlan) => ({
  Extensions: {
    KeyUsage: Object.fromEntries(plan.key_usage.map((usage) => [usages[usage], true])),
    ExtendedKeyUsage: plan.extended_key_usage.map((purpose) => ({ ExtendedKeyUsageType: purposes[purpose] })),
    SubjectAlternativeNames: plan.subject_alternative_names.map(({ type, value }) => ({
      [names[type]]: value,
    })),
    ...(plan.policies.length === 0
      ? {}
      : { CertificatePolicies: plan.policies.map((CertPolicyId) => ({ CertPolicyId })) }),
    ...(plan.no_revocation_available ? { CustomExtensions: customExtensions(plan) } : {}),
  },
})

const template = 'BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1'

const seconds = (instant: string): number => Date.parse(instant) / 1000

const orderOf = (arn: string, { csr, plan, period, token }: AuthorityOrder) => ({
  CertificateAuthorityArn: arn,
  Csr: Buffer.from(pem('CERTIFICATE REQUEST', csr)).toString('base64'),
  SigningAlgorithm: algorithms[plan.issuer.signing_algorithm],
  TemplateArn: `arn:${arn.split(':')[1]}:acm-pca:::template/${template}`,
  Validity: { Type: 'ABSOLUTE', Value: seconds(period.not_after) },
  ValidityNotBefore: { Type: 'ABSOLUTE', Value: seconds(period.not_before) },
  IdempotencyToken: token,
  ApiPassthrough: passthrough(plan),
})

const pem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

const reasons: Readonly<Record<string, string>> = {
  keyCompromise: 'KEY_COMPROMISE',
  cACompromise: 'CERTIFICATE_AUTHORITY_COMPROMISE',
  affiliationChanged: 'AFFILIATION_CHANGED',
  superseded: 'SUPERSEDED',
  cessationOfOperation: 'CESSATION_OF_OPERATION',
  privilegeWithdrawn: 'PRIVILEGE_WITHDRAWN',
}

/** Null for one refusal that is an answer; any other stays what it is. */
const unless =
  (name: string) =>
  (error: unknown): null => {
    if (error instanceof Error && error.name === name) return null
    throw error
  }

const textOf = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw new Error(`AWS Private CA answered without ${what}`)
  return value
}

/** AWS Private CA as an issuer. Nobody names an authority by its ARN: only those of the deployment are reached. */
export const authorities = (access: AuthorityAccess): Authority & AuthorityChains => {
  const call = jsonCall('acm-pca', access)
  const arnOf = (name: string): string | null =>
    Object.hasOwn(access.arns, name) ? (access.arns[name] ?? null) : null
  const known = (name: string): string => {
    const arn = arnOf(name)
    if (arn === null) throw new Error(`this deployment has no certificate authority named ${name}`)
    return arn
  }
  return {
    chain: async (name) => {
      const arn = arnOf(name)
      if (arn === null) return null
      const { Certificate, CertificateChain } = await call('GetCertificateAuthorityCertificate', {
        CertificateAuthorityArn: arn,
      })
      const above = typeof CertificateChain === 'string' ? CertificateChain : ''
      return `${textOf(Certificate, 'a certificate')}\n${above}`
    },
    issue: async (order) => {
      const { CertificateArn } = await call('IssueCertificate', orderOf(known(order.authority), order))
      return textOf(CertificateArn, 'an ARN')
    },
    certificate: async ({ authority, certificate_arn }) => {
      const input = { CertificateAuthorityArn: known(authority), CertificateArn: certificate_arn }
      const answer = await call('GetCertificate', input).catch(unless('RequestInProgressException'))
      if (answer === null) return null
      const text = textOf(answer.Certificate, 'a certificate')
      return decodePem(text, ['CERTIFICATE'], 'the certificate')
    },
    revoke: async ({ authority, serial, reason }) => {
      const input = {
        CertificateAuthorityArn: known(authority),
        CertificateSerial: serial.replace(/(..)(?=.)/g, '$1:'),
        RevocationReason: reasons[reason] ?? 'UNSPECIFIED',
      }
      await call('RevokeCertificate', input).catch(unless('RequestAlreadyProcessedException'))
    },
  }
}

import { AwsClient } from 'aws4fetch'
import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, ExtendedKeyUsage } from '../model/plan.ts'
import { decodePem } from '../pki/pem.ts'
import type { Authority, AuthorityChains, AuthorityOrder } from '../ports.ts'
import type { AwsAccess } from './aws-call.ts'

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

type Answer = {
  readonly ok: boolean
  readonly code: string
  readonly body: Readonly<Record<string, unknown>>
}

const codeOf = (body: Readonly<Record<string, unknown>>): string =>
  String(body.__type ?? '').replace(/^.*#/, '')

/** What passes by itself: the 25 orders a second that an authority takes, and trouble on the other side. */
const passes =
  /^(Throttling|ThrottlingException|TooManyRequests|RequestLimitExceeded|InternalFailure|ServiceUnavailable)/

const tries = 6

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** One operation of the API, with backoff by full jitter where AWS asks for it. */
const caller = ({ region, endpoint, credentials }: AuthorityAccess) => {
  const client = new AwsClient({ ...credentials, service: 'acm-pca', region, retries: 0 })
  const url = endpoint ?? `https://acm-pca.${region}.amazonaws.com`
  const once = async (operation: string, input: object): Promise<Answer> => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `ACMPrivateCA.${operation}`,
    }
    const response = await client.fetch(`${url}/`, { method: 'POST', headers, body: JSON.stringify(input) })
    const text = await response.text()
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    const code = response.status >= 500 ? 'InternalFailure' : codeOf(body)
    return { ok: response.ok, code, body }
  }
  return async (operation: string, input: object): Promise<Answer> => {
    for (let round = 1; ; round += 1) {
      const answer = await once(operation, input)
      if (answer.ok || !passes.test(answer.code) || round === tries) return answer
      await pause(Math.random() * 100 * 2 ** round)
    }
  }
}

const failed = (operation: string, { code, body }: Answer): Error =>
  new Error(
    `AWS Private CA answered ${operation} with ${code}: ${String(body.message ?? body.Message ?? '')}`,
  )

const textOf = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw new Error(`AWS Private CA answered without ${what}`)
  return value
}

/** AWS Private CA as an issuer. Nobody names an authority by its ARN: only those of the deployment are reached. */
export const authorities = (access: AuthorityAccess): Authority & AuthorityChains => {
  const call = caller(access)
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
      const answer = await call('GetCertificateAuthorityCertificate', { CertificateAuthorityArn: arn })
      if (!answer.ok) throw failed('GetCertificateAuthorityCertificate', answer)
      const { Certificate, CertificateChain } = answer.body
      const above = typeof CertificateChain === 'string' ? CertificateChain : ''
      return `${textOf(Certificate, 'a certificate')}\n${above}`
    },
    issue: async (order) => {
      const answer = await call('IssueCertificate', orderOf(known(order.authority), order))
      if (!answer.ok) throw failed('IssueCertificate', answer)
      return textOf(answer.body.CertificateArn, 'an ARN')
    },
    certificate: async ({ authority, certificate_arn }) => {
      const input = { CertificateAuthorityArn: known(authority), CertificateArn: certificate_arn }
      const answer = await call('GetCertificate', input)
      if (answer.code === 'RequestInProgressException') return null
      if (!answer.ok) throw failed('GetCertificate', answer)
      const text = textOf(answer.body.Certificate, 'a certificate')
      return decodePem(text, ['CERTIFICATE'], 'the certificate')
    },
    revoke: async ({ authority, serial, reason }) => {
      const answer = await call('RevokeCertificate', {
        CertificateAuthorityArn: known(authority),
        CertificateSerial: serial.replace(/(..)(?=.)/g, '$1:'),
        RevocationReason: reasons[reason] ?? 'UNSPECIFIED',
      })
      if (!answer.ok && answer.code !== 'RequestAlreadyProcessedException')
        throw failed('RevokeCertificate', answer)
    },
  }
}

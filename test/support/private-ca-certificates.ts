import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import * as z from 'zod'

/** GeneralName, as AWS Private CA takes it: one of these. */
const generalName = z.union([
  z
    .strictObject({ DnsName: z.string() })
    .transform(({ DnsName: value }) => ({ type: 'dns' as const, value })),
  z
    .strictObject({ IpAddress: z.string() })
    .transform(({ IpAddress: value }) => ({ type: 'ip' as const, value })),
  z
    .strictObject({ Rfc822Name: z.string() })
    .transform(({ Rfc822Name: value }) => ({ type: 'email' as const, value })),
  z
    .strictObject({ UniformResourceIdentifier: z.string() })
    .transform(({ UniformResourceIdentifier: value }) => ({ type: 'url' as const, value })),
])

const usages = {
  DigitalSignature: x509.KeyUsageFlags.digitalSignature,
  NonRepudiation: x509.KeyUsageFlags.nonRepudiation,
  KeyEncipherment: x509.KeyUsageFlags.keyEncipherment,
  DataEncipherment: x509.KeyUsageFlags.dataEncipherment,
  KeyAgreement: x509.KeyUsageFlags.keyAgreement,
  KeyCertSign: x509.KeyUsageFlags.keyCertSign,
  CRLSign: x509.KeyUsageFlags.cRLSign,
} as const

const purposes = {
  SERVER_AUTH: '1.3.6.1.5.5.7.3.1',
  CLIENT_AUTH: '1.3.6.1.5.5.7.3.2',
  CODE_SIGNING: '1.3.6.1.5.5.7.3.3',
  EMAIL_PROTECTION: '1.3.6.1.5.5.7.3.4',
  TIME_STAMPING: '1.3.6.1.5.5.7.3.8',
  OCSP_SIGNING: '1.3.6.1.5.5.7.3.9',
} as const

const keysOf = <Name extends string>(table: Readonly<Record<Name, unknown>>) => Object.keys(table) as Name[]

const absolute = z.strictObject({ Type: z.literal('ABSOLUTE'), Value: z.int() })

/** IssueCertificate, as far as the one template goes that is known here. */
export const issueInput = z.strictObject({
  CertificateAuthorityArn: z.string(),
  Csr: z.base64(),
  SigningAlgorithm: z.enum(['SHA256WITHECDSA', 'SHA384WITHECDSA', 'SHA512WITHECDSA']),
  TemplateArn: z.literal(
    'arn:aws:acm-pca:::template/BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1',
  ),
  Validity: absolute,
  ValidityNotBefore: absolute,
  IdempotencyToken: z.string().min(1).max(36),
  ApiPassthrough: z.strictObject({
    Extensions: z.strictObject({
      KeyUsage: z.partialRecord(z.enum(keysOf(usages)), z.boolean()),
      ExtendedKeyUsage: z.array(z.strictObject({ ExtendedKeyUsageType: z.enum(keysOf(purposes)) })).max(20),
      SubjectAlternativeNames: z.array(generalName).max(150),
      CertificatePolicies: z
        .array(z.strictObject({ CertPolicyId: z.string() }))
        .max(20)
        .optional(),
      CustomExtensions: z
        .array(z.strictObject({ ObjectIdentifier: z.string(), Value: z.base64(), Critical: z.boolean() }))
        .max(20)
        .optional(),
    }),
  }),
})

export type IssueInput = z.infer<typeof issueInput>

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

const hashes = { SHA256WITHECDSA: 'SHA-256', SHA384WITHECDSA: 'SHA-384', SHA512WITHECDSA: 'SHA-512' } as const

x509.cryptoProvider.set(webcrypto as unknown as typeof globalThis.crypto)

const newSerial = (): string => `4${randomBytes(16).toString('hex').slice(1)}`

/** A root with a P-256 key, as a ceremony at AWS leaves it. */
export async function makeRoot() {
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const year = new Date().getUTCFullYear()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: 'O=Countersign Tests, CN=Private Root',
    notBefore: new Date(Date.UTC(year - 1, 0)),
    notAfter: new Date(Date.UTC(year + 9, 0)),
    keys,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usages.DigitalSignature | usages.KeyCertSign | usages.CRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { keys, certificate }
}

export type Root = Awaited<ReturnType<typeof makeRoot>>

/** The request, when its signature holds; null otherwise. */
export async function requestOf({ Csr }: IssueInput): Promise<x509.Pkcs10CertificateRequest | null> {
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(Csr, 'base64').toString('latin1'))
  return (await request.verify()) ? request : null
}

const passedThrough = ({ ApiPassthrough: { Extensions: asked } }: IssueInput): x509.Extension[] => {
  const granted = keysOf(usages).filter((name) => asked.KeyUsage[name] === true)
  const bits = granted.reduce((sum, name) => sum | usages[name], 0)
  return [
    new x509.KeyUsagesExtension(bits, true),
    ...(asked.ExtendedKeyUsage.length === 0
      ? []
      : [
          new x509.ExtendedKeyUsageExtension(
            asked.ExtendedKeyUsage.map(({ ExtendedKeyUsageType: type }) => purposes[type]),
          ),
        ]),
    new x509.SubjectAlternativeNameExtension(asked.SubjectAlternativeNames),
    ...(asked.CertificatePolicies === undefined
      ? []
      : [
          new x509.CertificatePolicyExtension(
            asked.CertificatePolicies.map(({ CertPolicyId }) => CertPolicyId),
          ),
        ]),
    ...(asked.CustomExtensions ?? []).map(
      ({ ObjectIdentifier, Value, Critical }) =>
        new x509.Extension(ObjectIdentifier, Critical, Buffer.from(Value, 'base64')),
    ),
  ]
}

/**
 * What the template makes of an order: subject and key of the request, all else
 * as it is passed through, and what AWS adds by itself (RFC 5280 key
 * identifiers, the list of an authority that publishes one). No code of ours:
 * @peculiar/x509 writes and signs it.
 */
export async function certificateOf(root: Root, input: IssueInput, request: x509.Pkcs10CertificateRequest) {
  const serialNumber = newSerial()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    issuer: root.certificate.subjectName,
    subject: request.subjectName,
    notBefore: new Date(input.ValidityNotBefore.Value * 1000),
    notAfter: new Date(input.Validity.Value * 1000),
    publicKey: request.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: { ...algorithm, hash: hashes[input.SigningAlgorithm] },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      new x509.CRLDistributionPointsExtension(['http://crl.private.example.com/crl/1.crl']),
      ...passedThrough(input),
    ],
  })
  return { serial: serialNumber, pem: certificate.toString('pem') }
}

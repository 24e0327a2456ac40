import * as z from 'zod'
import { keyAlgorithms, signingAlgorithms } from './algorithms.ts'
import { distinguishedName, generalName, nameConstraints } from './names.ts'
import { shardCount } from './shards.ts'

export const keyUsages = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const

export type KeyUsage = (typeof keyUsages)[number]

export const extendedKeyUsages = [
  'serverAuth',
  'clientAuth',
  'codeSigning',
  'emailProtection',
  'timeStamping',
  'OCSPSigning',
] as const

export type ExtendedKeyUsage = (typeof extendedKeyUsages)[number]

/** Dotted text of an object identifier. */
export const objectIdentifier = z
  .string()
  .max(128)
  .regex(/^(?:[01]\.(?:\d|[1-3]\d)|2\.(?:0|[1-9]\d{0,8}))(?:\.(?:0|[1-9]\d{0,15})){1,20}$/, {
    error: 'must be an object identifier such as 2.23.140.1.2.1',
  })

/** Standard base64 of DER. */
export const derBase64 = z.base64().min(4).max(65_536)

/** A certificate serial number: the DER INTEGER's magnitude in lower case hex, no leading zero byte, 1–20 octets. */
export const serialNumber = z.string().regex(/^(?!00)([0-9a-f]{2}){1,20}$/)

/** What signs: a CA whose key is in AWS KMS, or AWS Private CA. */
export const issuerTypes = ['kms', 'acm-pca'] as const

/**
 * What is known of the CA that will sign, as far as it is visible in what is
 * signed. `subject` is the CA's own name, DER, copied verbatim into `issuer`.
 */
export const issuerFacts = z.strictObject({
  id: z.string(),
  type: z.enum(issuerTypes),
  /** SHA-256 of the CA certificate, lower case hex; null while the CA signs itself. */
  certificate_sha256: z.string().nullable(),
  subject: derBase64,
  /** Key identifier, lower case hex: the CA certificate's SKI, our AKI. */
  key_id: z.string().regex(/^[0-9a-f]{8,128}$/),
  signing_algorithm: z.enum(signingAlgorithms),
  /** Which names it, and each CA above it, may certify (RFC 5280 §4.2.1.10); empty for any. */
  name_constraints: z.array(nameConstraints).max(8),
  /** Nothing signed may outlive this. Null while the CA signs itself. */
  not_after: z.iso.datetime().nullable(),
  /** Decides the CRL distribution point of whatever is signed. */
  crl_shards: shardCount,
})

export type IssuerFacts = Readonly<z.infer<typeof issuerFacts>>

/**
 * The certificate plan: everything that will be signed, fixed when the job is
 * made. Approvals bind its digest; the signer builds the TBSCertificate from
 * it and from nothing else but the moment of issuance.
 */
export const certificatePlan = z.strictObject({
  serial: serialNumber,
  issuer: issuerFacts,
  subject: distinguishedName,
  subject_alternative_names: z.array(generalName).max(1000),
  public_key: z.strictObject({
    algorithm: z.enum(keyAlgorithms),
    /** SubjectPublicKeyInfo, DER. */
    spki: derBase64,
    /** SHA-256 of that DER, lower case hex. */
    spki_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** notBefore = issuance − backdate, or the issuer's own beginning when that is later; notAfter = issuance + lifetime − 1 s (RFC 5280 §4.1.2.5 is inclusive). */
  validity: z.strictObject({
    lifetime_seconds: z.int().min(60),
    backdate_seconds: z.int().min(0).max(86_400),
  }),
  /** Path length null: no limit. */
  basic_constraints: z.strictObject({ ca: z.boolean(), path_length: z.int().min(0).max(16).nullable() }),
  key_usage: z.array(z.enum(keyUsages)).min(1),
  extended_key_usage: z.array(z.enum(extendedKeyUsages)),
  /** Of a CA: which names may be certified below it. */
  name_constraints: nameConstraints.nullable(),
  /** RFC 5280 §4.2.1.4, by object identifier and without qualifiers; absent when empty. */
  policies: z.array(objectIdentifier).max(16),
  /** RFC 7633 TLS feature status_request: servers must staple an OCSP answer. */
  must_staple: z.boolean(),
  /** URLs, each extension absent when its list is empty. */
  crl_distribution_points: z.array(z.url()).max(4),
  ocsp: z.array(z.url()).max(4),
  ca_issuers: z.array(z.url()).max(4),
  /** RFC 9608 noRevAvail, for short-lived certificates. */
  no_revocation_available: z.boolean(),
  /** RFC 6960 §4.2.2.2.1 id-pkix-ocsp-nocheck, for delegated responders. */
  ocsp_no_check: z.boolean(),
})

export type CertificatePlan = Readonly<z.infer<typeof certificatePlan>>

/** The moment of issuance, put on record before a key is used. Whole seconds. */
export const validityPeriod = z.strictObject({ not_before: z.iso.datetime(), not_after: z.iso.datetime() })

export type ValidityPeriod = Readonly<z.infer<typeof validityPeriod>>

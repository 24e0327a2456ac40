import * as z from 'zod'
import { keyAlgorithms } from './algorithms.ts'
import { approvalPolicy } from './approval-policy.ts'
import { issuerId, profileId } from './ids.ts'
import { attributeTypes } from './names.ts'
import { extendedKeyUsages, issuerFacts, objectIdentifier } from './plan.ts'
import { renewalPolicy } from './renewal-policy.ts'
import { durationBetween, instant, secondsOf } from './time.ts'

const dnsDomain = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a domain name in lower case, without a trailing dot',
  )

/** Scheme, host and at least one slash: what begins with it is under that host and nowhere else. */
const uriPrefix = z
  .string()
  .max(1024)
  .regex(/^(?!spiffe:)[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9.:[\]-]+\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]*\/)?$/, {
    error: 'must be scheme://host/ and a path that ends in a slash; SPIFFE IDs go by spiffe_trust_domains',
  })

/** SPIFFE ID §2.1. */
const trustDomain = z.string().regex(/^[a-z0-9._-]{1,255}$/, 'must be a SPIFFE trust domain')

/** Which names a certificate may carry. A type that is absent is not allowed at all. */
const nameRules = z.strictObject({
  dns: z
    .strictObject({
      domains: z.array(dnsDomain).min(1).max(100),
      /** Names below the domains; otherwise the domains alone. */
      subdomains: z.boolean().default(true),
      /** A wildcard as the whole leftmost label; it stands for names below, so `subdomains` must hold too. */
      wildcards: z.boolean().default(false),
    })
    .optional(),
  ip: z
    .strictObject({
      ranges: z
        .array(z.union([z.cidrv4(), z.cidrv6()]))
        .min(1)
        .max(100),
    })
    .optional(),
  uri: z
    .strictObject({
      prefixes: z.array(uriPrefix).max(100).default([]),
      spiffe_trust_domains: z.array(trustDomain).max(100).default([]),
    })
    .optional(),
  email: z.strictObject({ domains: z.array(dnsDomain).min(1).max(100) }).optional(),
  /** How many names one certificate may carry. */
  max_names: z.int().min(1).max(1000).default(100),
})

/**
 * Which attributes a subject may have. `fixed` ones must be in every request,
 * with exactly this value: a subject is never put together by the profile.
 */
const subjectRules = z.strictObject({
  allowed: z.array(z.enum(attributeTypes)),
  fixed: z.partialRecord(z.enum(attributeTypes), z.string().min(1).max(256)).default({}),
  /** Old clients read a common name as a host name: unless it is `free`, it repeats one of the checked names. */
  common_name: z.enum(['subject_alternative_name', 'free']).default('subject_alternative_name'),
})

/** What a key of each kind is certified for (RFC 5280 §4.2.1.3, RFC 8813 §3, RFC 8410 §5). */
const keyUsageRules = z.strictObject({
  rsa: z
    .array(z.enum(['digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment']))
    .min(1)
    .default(['digitalSignature', 'keyEncipherment']),
  ec: z
    .array(z.enum(['digitalSignature', 'contentCommitment', 'keyAgreement']))
    .min(1)
    .default(['digitalSignature']),
  ed25519: z
    .array(z.enum(['digitalSignature', 'contentCommitment']))
    .min(1)
    .default(['digitalSignature']),
})

/** The purposes of end-entity certificates: OCSP responders are made by the publisher alone. */
const purposes = extendedKeyUsages.filter((purpose) => purpose !== 'OCSPSigning')

const validityRules = z
  .strictObject({
    default: durationBetween('PT1M', 'P1826D'),
    max: durationBetween('PT1M', 'P1826D'),
    backdate: durationBetween('PT0S', 'P1D').default('PT5M'),
  })
  .refine((rules) => secondsOf(rules.default) <= secondsOf(rules.max), {
    error: 'default must not exceed max',
    path: ['default'],
  })

/** What a profile says: the policy that a certificate is bound to. Immutable within a version. */
export const profileDocument = z.strictObject({
  name: z.string().trim().min(1).max(128),
  requires_approval: z.boolean().default(false),
  approval_policy: approvalPolicy.prefault({}),
  issuer_id: issuerId,
  key_algorithms: z.array(z.enum(keyAlgorithms)).min(1),
  subject: subjectRules.default({ allowed: ['CN'], fixed: {}, common_name: 'subject_alternative_name' }),
  subject_alternative_names: nameRules,
  key_usage: keyUsageRules.default({
    rsa: ['digitalSignature', 'keyEncipherment'],
    ec: ['digitalSignature'],
    ed25519: ['digitalSignature'],
  }),
  extended_key_usage: z.array(z.enum(purposes)).min(1).default(['serverAuth']),
  /** Certificate policies by object identifier. */
  policies: z.array(objectIdentifier).max(16).default([]),
  /** RFC 7633: whoever serves this certificate must staple an OCSP answer. */
  must_staple: z.boolean().default(false),
  validity: validityRules,
  /** Whether a renewal without a new CSR may certify the same public key again. */
  allow_key_reuse: z.boolean().default(true),
  /**
   * Absent from what was made before there were renewals by schedule: a default
   * here would change the digest of what was approved then.
   */
  renewal: renewalPolicy.optional(),
})

export type ProfileDocument = Readonly<z.infer<typeof profileDocument>>

/**
 * One version of a profile. It pins what is visible of its issuer in a
 * certificate, so that a change of issuer is a change of the profile.
 */
export const profileVersion = z.strictObject({
  id: profileId,
  version: z.int().min(1),
  status: z.enum(['active', 'deleted']),
  document: profileDocument,
  issuer: issuerFacts,
  created_by: z.string(),
  created_at: instant,
  job_id: z.string(),
})

export type ProfileVersion = Readonly<z.infer<typeof profileVersion>>

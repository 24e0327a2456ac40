import * as z from 'zod'
import { keyAlgorithms } from './algorithms.ts'
import { issuerId, profileId } from './ids.ts'
import { attributeTypes } from './names.ts'
import { extendedKeyUsages, issuerFacts } from './plan.ts'
import { durationBetween, instant, secondsOf } from './time.ts'

/** How many people must agree, and how long they have. A profile that requires approval always has one. */
export const approvalPolicy = z.strictObject({
  quorum: z.int().min(1).max(16).default(1),
  expires_after: durationBetween('PT15M', 'P90D').default('P7D'),
  reason_required: z.boolean().default(false),
})

export type ApprovalPolicy = Readonly<z.infer<typeof approvalPolicy>>

const dnsDomain = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a domain name in lower case, without a trailing dot',
  )

/** Which names a certificate may carry. A type that is absent is not allowed at all. */
const nameRules = z.strictObject({
  dns: z
    .strictObject({ domains: z.array(dnsDomain).min(1).max(100), wildcards: z.boolean().default(false) })
    .optional(),
  ip: z
    .strictObject({
      ranges: z
        .array(z.union([z.cidrv4(), z.cidrv6()]))
        .min(1)
        .max(100),
    })
    .optional(),
  uri: z.strictObject({ prefixes: z.array(z.url()).min(1).max(100) }).optional(),
  email: z.strictObject({ domains: z.array(dnsDomain).min(1).max(100) }).optional(),
})

const validityRules = z
  .strictObject({
    default: durationBetween('PT5M', 'P1826D'),
    max: durationBetween('PT5M', 'P1826D'),
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
  approval_policy: approvalPolicy.default({ quorum: 1, expires_after: 'P7D', reason_required: false }),
  issuer_id: issuerId,
  key_algorithms: z.array(z.enum(keyAlgorithms)).min(1),
  subject: z.strictObject({ allowed: z.array(z.enum(attributeTypes)) }).default({ allowed: ['CN'] }),
  subject_alternative_names: nameRules,
  extended_key_usage: z.array(z.enum(extendedKeyUsages)).min(1).default(['serverAuth']),
  validity: validityRules,
  /** Whether a renewal without a new CSR may certify the same public key again. */
  allow_key_reuse: z.boolean().default(true),
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

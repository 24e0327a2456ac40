import * as z from 'zod'
import { issuerId } from './ids.ts'
import { derBase64, issuerFacts, issuerTypes } from './plan.ts'
import { finalReasons } from './revocation.ts'
import { shardCount } from './shards.ts'
import { instant } from './time.ts'

/** The names of the CA keys and authorities that this deployment has; nobody can name one by its ARN. */
export const keyName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)

/**
 * Something that signs. An issuer has exactly one CA certificate for all its
 * life: a new CA certificate is a new issuer.
 */
export const issuer = z.strictObject({
  id: issuerId,
  version: z.int().min(1),
  type: z.enum(issuerTypes),
  name: z.string().min(1).max(128),
  status: z.enum(['active', 'retired']),
  key: keyName,
  parent_id: issuerId.nullable(),
  /** The CA certificate, then each issuer above it up to the root: DER, base64. */
  chain: z.array(derBase64).min(1).max(8),
  /** SubjectPublicKeyInfo of the CA key. */
  spki: derBase64,
  facts: issuerFacts,
  path_length: z.int().min(0).nullable(),
  /** When and why its CA certificate was put on its parent's list; such an issuer is retired. */
  revoked_at: instant.nullable().default(null),
  revocation_reason: z.enum(finalReasons).nullable().default(null),
  created_at: instant,
  job_id: z.string(),
})

/** What was asked of a parent outside, kept until its answer is imported. */
export const issuerRequest = z.strictObject({
  issuer_id: issuerId,
  name: z.string().min(1).max(128),
  key: keyName,
  spki: derBase64,
  crl_shards: shardCount,
  /** PKCS#10, DER, base64. */
  csr: derBase64,
  created_at: instant,
  job_id: z.string(),
})

export type IssuerRequest = Readonly<z.infer<typeof issuerRequest>>

export type Issuer = Readonly<z.infer<typeof issuer>>

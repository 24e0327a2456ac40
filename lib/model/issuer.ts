import * as z from 'zod'
import { issuerId } from './ids.ts'
import { derBase64, issuerFacts } from './plan.ts'
import { instant } from './time.ts'

export const issuerTypes = ['kms'] as const

/** The names of the CA keys that this deployment holds in KMS; nobody can name a key by its ARN. */
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
  created_at: instant,
  job_id: z.string(),
})

export type Issuer = Readonly<z.infer<typeof issuer>>

import * as z from 'zod'
import { issuerId } from './ids.ts'
import { instant } from './time.ts'

const named = { issuer_id: issuerId }

/** AWS services that fetch no list, and have to be given it: which list goes where. */
export const pushTarget = z.discriminatedUnion('to', [
  z.strictObject({
    ...named,
    to: z.literal('roles-anywhere'),
    /** The trust anchor that the list is for. */
    arn: z.string().regex(/^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:\d{12}:trust-anchor\/[0-9a-f-]{36}$/),
  }),
  z.strictObject({
    ...named,
    to: z.literal('alb-trust-store'),
    arn: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:truststore\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16}$/,
      ),
  }),
])

export type PushTarget = Readonly<z.infer<typeof pushTarget>>

/** What became of the last list that was given to a target. */
export const pushRecord = z.strictObject({
  issuer_id: issuerId,
  to: z.enum(['roles-anywhere', 'alb-trust-store']),
  arn: z.string(),
  version: z.int().min(1),
  /** The CRL number. */
  number: z.int().min(1),
  outcome: z.enum(['pushed', 'refused']),
  /** Why it was refused. */
  reason: z.string().max(500).nullable(),
  /** What the target calls the lists that it has of us. */
  references: z.array(z.string()),
  pushed_at: instant,
})

export type PushRecord = Readonly<z.infer<typeof pushRecord>>

/** IAM Roles Anywhere takes no list above this, in octets of PEM. */
const rolesAnywhereOctets = 300_000

/** Octets of a text in PEM (RFC 7468): lines of 64 characters, each with its end, between two that say CRL. */
export const pemOctets = (der_octets: number): number => {
  const characters = 4 * Math.ceil(der_octets / 3)
  return (
    characters +
    Math.ceil(characters / 64) +
    '-----BEGIN X509 CRL-----\n'.length +
    '-----END X509 CRL-----\n'.length
  )
}

/** Whether a list of so many octets of DER fits IAM Roles Anywhere. */
export const fitsRolesAnywhere = (der_octets: number): boolean => pemOctets(der_octets) <= rolesAnywhereOctets

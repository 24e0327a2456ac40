import * as z from 'zod'
import { isSensitive } from './permissions.ts'
import { roles } from './principal.ts'

/** Signatures of an issuer's own key pair; nothing symmetric, and not `none`. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** An identity provider whose tokens are taken, as the stage names it. */
export const oidcIssuer = z.strictObject({
  /** Exactly as tokens carry it in `iss`. */
  issuer: z.url({ protocol: /^https?$/ }),
  jwks_url: z.url({ protocol: /^https?$/ }),
  /** What tokens must carry in `aud`. */
  audience: z.string().min(1),
  algorithms: z.array(z.enum(algorithms)).min(1),
  /** The claim with the groups of a subject. */
  groups_claim: z.string().min(1).default('groups'),
  /** Which roles a group gives; a group that is not named gives none. Those that take a second person are not among them. */
  group_roles: z
    .record(z.string(), z.array(z.enum(roles).refine((role) => !isSensitive(role), 'takes a second person')))
    .default({}),
})

export type OidcIssuer = Readonly<z.infer<typeof oidcIssuer>>

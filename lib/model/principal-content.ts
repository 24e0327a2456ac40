import * as z from 'zod'
import { apiKey } from './api-key.ts'
import { principalId } from './ids.ts'
import { oidcSubject } from './oidc-subject.ts'
import { principalDocument } from './principal.ts'
import { durationBetween } from './time.ts'

const grantOf = <O extends string>(operation: O) => ({
  type: z.literal('PrincipalChange'),
  operation: z.literal(operation),
  principal_id: principalId,
})

/** The version that was seen when this was asked for. */
const base_version = z.int().min(1)

/**
 * What makes somebody an approver or an admin, or gives whoever is one another
 * credential. It says who they are and who they will be; whoever carries it
 * out holds both against what is stored.
 */
export const principalContent = z.discriminatedUnion('operation', [
  z.strictObject({ ...grantOf('create'), document: principalDocument }),
  z.strictObject({
    ...grantOf('change'),
    base_version,
    before: principalDocument,
    document: principalDocument,
  }),
  z.strictObject({
    ...grantOf('add_api_key'),
    base_version,
    holder: principalDocument,
    /** Its secret was made by the holder, who can tell the approver its hash: nobody else has seen it. */
    key: apiKey.pick({ id: true, secret_sha256: true, expires_at: true }),
    /** The key that goes on beside it for a while, where it is a rotation. */
    replaces: z
      .strictObject({ key_id: apiKey.shape.id, overlap: durationBetween('PT0S', 'P30D') })
      .nullable(),
  }),
  z.strictObject({
    ...grantOf('add_oidc_subject'),
    base_version,
    holder: principalDocument,
    subject: oidcSubject.pick({ id: true, issuer: true, subject: true }),
  }),
])

export type PrincipalContent = Readonly<z.infer<typeof principalContent>>

import * as z from 'zod'
import { sameSecret, sha256 } from './digest.ts'
import { newSuffix, principalId, type Random } from './ids.ts'
import { grantedBy, type Principal } from './principal.ts'
import { instant } from './time.ts'

/** A credential: what is stored of it. The secret itself is shown once and kept nowhere. */
export const apiKey = z.strictObject({
  /** `<principal suffix>-<key suffix>`: names its principal, so that both are found in one read. */
  id: z.string().regex(/^[a-z0-9]{1,32}-[a-z0-9]{1,32}$/),
  principal_id: principalId,
  secret_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: instant,
  expires_at: instant.nullable(),
  disabled_at: instant.nullable(),
  /** Without it, the key does not carry the sensitive roles of its principal. */
  granted_by: grantedBy.default(null),
})

export type ApiKey = Readonly<z.infer<typeof apiKey>>

const presentedForm = /^cs_([a-z0-9]{1,32})-([a-z0-9]{1,32})_([A-Za-z0-9_-]{43})$/

export type PresentedKey = { readonly id: string; readonly principal_id: string; readonly secret: string }

/** Reads `cs_<key id>_<secret>`; null for anything else. */
export const readPresentedKey = (text: string): PresentedKey | null => {
  const [, principal, key, secret] = presentedForm.exec(text) ?? []
  if (principal === undefined || key === undefined || secret === undefined) return null
  return { id: `${principal}-${key}`, principal_id: `pr-${principal}`, secret }
}

export const newKeyId = (principal_id: string, random: Random): string =>
  `${principal_id.replace(/^pr-/, '')}-${newSuffix(random).slice(0, 8)}`

/** Makes a key of 256 random bits. `token` is what its holder presents; only the rest may be stored. */
export const newApiKey = (
  owner: Principal,
  random: Random,
  now: string,
  expires_at: string | null,
): { readonly key: ApiKey; readonly token: string } => {
  const secret = Buffer.from(random(32)).toString('base64url')
  const id = newKeyId(owner.id, random)
  const key: ApiKey = {
    id,
    principal_id: owner.id,
    secret_sha256: sha256(secret),
    created_at: now,
    expires_at,
    disabled_at: null,
    granted_by: null,
  }
  return { key, token: `cs_${id}_${secret}` }
}

/** Whether this is the key's secret. The comparison takes the same time wherever it fails. */
export const fits = (key: ApiKey, presented: PresentedKey): boolean =>
  sameSecret(key.secret_sha256, sha256(presented.secret)) && key.principal_id === presented.principal_id

/** Whether a key works: neither disabled nor past its expiry. */
export const isLive = (key: ApiKey, now: string): boolean =>
  key.disabled_at === null && (key.expires_at === null || now < key.expires_at)

/** Whether a presented secret opens this key now. */
export const opens = (key: ApiKey, presented: PresentedKey, now: string): boolean =>
  fits(key, presented) && isLive(key, now)

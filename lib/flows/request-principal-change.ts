import type { ApiKey } from '../model/api-key.ts'
import { newKeyId } from '../model/api-key.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { openJob } from '../model/open-job.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import { documentOf, type Principal } from '../model/principal.ts'
import type { PrincipalContent } from '../model/principal-content.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { Clock } from '../model/time.ts'

type World = { readonly now: Clock; readonly random: Random }

/** Something about people that takes a second person: what it is, and why it is asked for. */
export type Gated = { readonly gated: PrincipalContent; readonly reason: string | null }

/**
 * Opens the job of such a change. Whoever it is about owns it, and so does not decide
 * on it. It hangs on the principal being as it was seen.
 */
export const openPrincipalChange = (world: World, requester: Principal, { gated, reason }: Gated) => {
  const opening = {
    id: `job-${newSuffix(world.random)}`,
    content: gated,
    requester,
    owner: gated.principal_id,
    reason,
    requirement: requirementFor(gated, { pinned: null, current: null }),
  }
  return openJob(opening, [], world.now())
}

export type SecretHash = {
  /** SHA-256 of a secret that the holder made. */
  readonly secret_sha256: string | undefined
  readonly reason: string | null
}

const complaint = (detail: string) =>
  new Refusal('invalid_body', `/secret_sha256: ${detail}`, [{ pointer: '/secret_sha256', detail }])

/**
 * A key for whoever holds a sensitive role, as a job; null for everybody
 * else. Its secret is made by its holder, and we are told the hash alone: of a
 * secret that an admin saw, nobody could tell later whose word it gave.
 */
export const keyChange = (
  { random }: Pick<World, 'random'>,
  principal: Principal,
  asked: SecretHash & Pick<ApiKey, 'expires_at'>,
  replaces: Extract<PrincipalContent, { operation: 'add_api_key' }>['replaces'],
): Gated | null => {
  const { secret_sha256, expires_at, reason } = asked
  if (sensitiveRoles(principal.roles).length === 0) {
    if (secret_sha256 === undefined) return null
    throw complaint('only for keys of approvers and admins: of others, we make the secret')
  }
  if (secret_sha256 === undefined)
    throw complaint('its holder makes the secret of an approver’s or admin’s key: send its SHA-256')
  const { id: principal_id, version: base_version } = principal
  const gated: PrincipalContent = {
    type: 'PrincipalChange',
    operation: 'add_api_key',
    principal_id,
    base_version,
    holder: documentOf(principal),
    key: { id: newKeyId(principal_id, random), secret_sha256, expires_at },
    replaces,
  }
  return { gated, reason }
}

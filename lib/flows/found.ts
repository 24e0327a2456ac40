import { newApiKey } from '../model/api-key.ts'
import type { Actor } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalStep } from '../model/principal-change.ts'
import { type Clock, instantOf } from '../model/time.ts'
import { stepOf } from './administer.ts'
import { foundedStep, newPrincipal } from './create-principal.ts'

type World = { readonly now: Clock; readonly random: Random }

/** A person with a key, made with the credentials of the deployment, in one transaction with both events. */
export const foundedPerson = (
  deps: World,
  actor: Actor,
  about: Pick<Principal, 'name' | 'email' | 'roles'>,
): { readonly principal: Principal; readonly token: string; readonly step: PrincipalStep } => {
  const { principal, step } = foundedStep(newPrincipal(deps, actor, { kind: 'person', ...about }))
  const made = newApiKey(principal, deps.random, instantOf(deps.now()), null)
  const { token } = made
  const key = { ...made.key, granted_by: 'bootstrap' } as const
  const [created] = step.events
  const details = { key_id: key.id, expires_at: null, sensitive_roles: [...sensitiveRoles(about.roles)] }
  const keyed = stepOf(
    { id: principal.id, last: created, actor },
    [{ type: 'api_key_created', details }],
    [
      { write: 'new_api_key', key },
      {
        write: 'founder_credential',
        principal_id: principal.id,
        credential: { id: key.id, fingerprint: key.secret_sha256 },
      },
    ],
    deps.now(),
  )
  const events = [created, ...keyed.events] as const
  return { principal, token, step: { events, writes: [...step.writes, ...keyed.writes] } }
}

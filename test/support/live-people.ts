import { items } from '../../lib/aws/table.ts'
import { createApiKey } from '../../lib/flows/create-api-key.ts'
import { createPrincipal } from '../../lib/flows/create-principal.ts'
import type { Principal, Role } from '../../lib/model/principal.ts'
import { type Api, apiFor, changed, jobCompleted } from '../../scripts/local/api.ts'
import { live, writeRow } from './live-jobs.ts'
import { approve, suffix } from './live-requests.ts'
import { as, stack } from './stack.ts'

const actor = { id: 'system-setup', type: 'System' } as const

/** A person of a test's own, without a credential yet. */
export function newPerson(...roles: Role[]): Promise<Principal> {
  const name = `person-${suffix()}`
  return createPrincipal(live, actor, { kind: 'person', name, email: `${name}@example.com`, roles })
}

/** Somebody who approves for these teams, and the HTTP API as them. */
export async function newApprover(...teams: string[]): Promise<{ readonly id: string; readonly api: Api }> {
  return newOfTeams('approver', teams)
}

/** Somebody who requests for these teams, and the HTTP API as them. */
export async function newRequester(...teams: string[]): Promise<{ readonly id: string; readonly api: Api }> {
  return newOfTeams('operator', teams)
}

async function newOfTeams(role: Role, teams: readonly string[]) {
  const name = `person-${suffix()}`
  const request = { kind: 'person', name, email: `${name}@example.com` } as const
  const person = await createPrincipal(live, actor, { ...request, roles: [role], teams: [...teams] })
  return { id: person.id, api: apiFor(stack.api_url, await keyOf(person)) }
}

/** A gated profile of a test's own, made by carol and bob. */
export async function newGatedProfile(approval_policy: object): Promise<string> {
  const id = `p-${suffix()}`
  const carol = as('carol')
  const body = {
    id,
    name: id,
    requires_approval: true,
    approval_policy,
    issuer_id: 'iss-web',
    key_algorithms: ['ECDSA_P256'],
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    validity: { default: 'P90D', max: 'P90D' },
  }
  const { job, approval } = await carol.expect(changed, 202, carol.post('/profiles', body))
  await approve(approval?.id ?? '')
  await jobCompleted(carol, job.id)
  return id
}

export async function keyOf(person: Principal): Promise<string> {
  return (await createApiKey(live, actor, { principal_id: person.id, expires_at: null })).token
}

/** The HTTP API as a new person with these roles. */
export async function asNew(...roles: Role[]): Promise<Api> {
  return apiFor(stack.api_url, await keyOf(await newPerson(...roles)))
}

/** A key that was good until yesterday. */
export async function expiredKeyOf(person: Principal): Promise<string> {
  const day = 86_400_000
  const now = () => new Date(Date.now() - 2 * day)
  const expires_at = new Date(Date.now() - day).toISOString()
  return (await createApiKey({ ...live, now }, actor, { principal_id: person.id, expires_at })).token
}

/** A key that was taken back. */
export async function disabledKeyOf(person: Principal): Promise<string> {
  const { key, token } = await createApiKey(live, actor, { principal_id: person.id, expires_at: null })
  await writeRow(items.apiKey({ ...key, disabled_at: new Date().toISOString() }))
  return token
}

import { describe, expect, it } from 'vitest'
import { authenticate } from '../../lib/flows/authenticate.ts'
import { createApiKey } from '../../lib/flows/create-api-key.ts'
import { decideApproval } from '../../lib/flows/decide-job.ts'
import { Refusal } from '../../lib/model/refusal.ts'
import { makeFurnishedWorld, makeWorld, type Name, type World } from '../support/world.ts'

/**
 * Every cell of: who decides × in whose place × what changed meanwhile × what
 * the policy says of whoever's word it is × when. Frank requests, erin owns;
 * each decides with two keys; carol comes after and decides for herself.
 */

const deciders = ['bob', 'frank', 'erin'] as const
const places = ['own', 'dave', 'frank', 'erin'] as const
const changes = [
  'nothing',
  'decider loses the role before',
  'decider loses the role after',
  'whose word it is leaves the team before',
  'whose word it is leaves the team after',
  'giver loses the role before',
  'giver loses the role after',
  'the delegation ends before',
  'the delegation ends after',
] as const
const standings = [
  'named by the stage',
  'named by the escalation',
  'named by the escalation that came',
] as const
const moments = ['in time', 'too late'] as const

type Cell = {
  readonly decider: (typeof deciders)[number]
  readonly place: (typeof places)[number]
  readonly change: (typeof changes)[number]
  readonly standing: (typeof standings)[number]
  readonly moment: (typeof moments)[number]
}

/** What should come of it, told from the rules as people read them, and from nothing of the code. */
const expected = ({ decider, place, change, standing, moment }: Cell): string => {
  const stands = place !== 'own' && place !== decider
  if (decider === 'frank' || decider === 'erin') return 'two_person_integrity: themselves'
  if (place === 'frank' || place === 'erin') return 'two_person_integrity: in their place'
  if (change === 'decider loses the role before') return 'forbidden: no approver'
  if (stands && change === 'the delegation ends before') return 'forbidden: stands for nobody'
  if (stands && change === 'giver loses the role before') return 'forbidden: stands for no approver'
  if (moment === 'too late') return 'approval_expired: too late'
  if (change === 'whose word it is leaves the team before') return 'forbidden: not named'
  if (standing === 'named by the escalation') return 'forbidden: not named yet'
  return 'counts'
}

const messages: readonly (readonly [RegExp, string])[] = [
  [/in the place of (whoever requested|the owner)/, 'in their place'],
  [/nobody decides their own request|the owner of what is requested/, 'themselves'],
  [/takes one of the roles approver/, 'no approver'],
  [/no delegation of theirs/, 'stands for nobody'],
  [/does not approve any more/, 'stands for no approver'],
  [/the deadline was/, 'too late'],
  [/not among those who approve now/, 'not named'],
]

const said = ({ code, message }: Refusal, { change, standing }: Cell): string => {
  const reason = messages.find(([pattern]) => pattern.test(message))?.[1] ?? message
  const yet = standing === 'named by the escalation' && change !== 'whose word it is leaves the team before'
  return `${code}: ${reason}${reason === 'not named' && yet ? ' yet' : ''}`
}

const policy = {
  stages: [{ name: 'all', quorum: 2, eligible: { teams: ['security'] } }],
  escalate_after: 'P1D',
  escalate_to: { teams: ['platform'] },
  expires_after: 'P5D',
}

/** A world in which bob, erin and frank are of the stage's team, so that the policy could be saved. */
const begin = async () => {
  const world = await makeFurnishedWorld()
  for (const who of ['bob', 'erin', 'frank'] as const) world.become(who, { teams: ['security', 'platform'] })
  const { body } = await world.call('carol', 'changeProfile', {
    id: 'p-prod-web',
    body: { ...profile, approval_policy: policy },
  })
  await world.call('bob', 'approve', { id: body.approval.id })
  await world.drain()
  world.become('dave', { roles: ['approver'] })
  world.become('carol', { roles: ['approver', 'admin'] })
  return world
}

const profile = {
  name: 'Web',
  requires_approval: true,
  issuer_id: 'iss-web',
  key_algorithms: ['ECDSA_P256', 'RSA_2048'],
  subject: { allowed: ['CN', 'O'] },
  subject_alternative_names: { dns: { domains: ['example.com'] } },
  validity: { default: 'P90D', max: 'P90D' },
}

const actor = { id: 'system-setup', type: 'System' } as const

const keyOf = async (world: World, who: Name): Promise<string> =>
  (await createApiKey(world, actor, { principal_id: `pr-${who}`, expires_at: null })).token

const decide = async (world: World, token: string, approval_id: string, { decider, place }: Cell) => {
  const deps = { ...world, verifyToken: async () => null }
  const visitor = await authenticate(deps, `Bearer ${token}`, { operation: 'approve', instance: 'test' })
  const stoodFor = place === 'own' || place === decider ? null : `pr-${place}`
  const word = { verdict: 'approve', note: null, for: stoodFor } as const
  return decideApproval({ ...world, credential: visitor.credential }, visitor.principal, approval_id, word)
}

const applyChange = async (world: World, cell: Cell, delegation: string | null): Promise<void> => {
  const { change, decider, place } = cell
  const giver = place === 'own' ? decider : place
  if (change.startsWith('decider')) world.become(decider, { roles: ['operator'] })
  if (change.startsWith('whose word')) world.become(giver, { teams: [] })
  if (change.startsWith('giver') && giver !== decider) world.become(giver, { roles: ['operator'] })
  if (change.startsWith('the delegation') && delegation !== null)
    await world.call('carol', 'endDelegation', { params: { id: `pr-${place}`, delegation } })
}

/** One cell, from the request to what became of the job; carol decides last, and for herself. */
const play = async (world: World, cell: Cell) => {
  const { decider, place, change, standing, moment } = cell
  const asked = await world.ask({ owner: 'ERIN@example.com' }, 'frank')
  const giver = place === 'own' ? decider : place
  for (const who of ['bob', 'erin', 'frank', 'dave'] as const) world.become(who, { teams: [] })
  world.become(giver, { teams: [standing === 'named by the stage' ? 'security' : 'platform'] })
  world.become('carol', { teams: ['security'] })
  const delegation =
    place === 'own' || place === decider ? null : await world.standIn(decider, place, 30 * 86_400)
  const [first, second] = [await keyOf(world, decider), await keyOf(world, decider)]
  if (standing === 'named by the escalation that came') {
    world.pass(86_400)
    await world.sweep()
  }
  if (change.endsWith('before')) await applyChange(world, cell, delegation)
  if (moment === 'too late') world.pass(5 * 86_400 + 1)
  const outcome = await decide(world, first, asked.approval_id, cell).then(
    () => 'counts',
    (error: unknown) => {
      if (error instanceof Refusal) return said(error, cell)
      throw error
    },
  )
  if (change.endsWith('after')) await applyChange(world, cell, delegation)
  // The same person with another key: nothing more, whatever came of the first.
  const again = await decide(world, second, asked.approval_id, cell).then(
    () => 'taken',
    () => 'refused',
  )
  const { job } = await world.jobOf(asked.job_id)
  const counted = job.approval?.decisions.length
  await world.call('carol', 'approve', { id: asked.approval_id }).catch(() => undefined)
  await world.drain()
  await world.sweep()
  const { status } = (await world.jobOf(asked.job_id)).job
  return { outcome, again, counted, status }
}

const endOf = (cell: Cell, outcome: string) => {
  if (cell.moment === 'too late') return 'Cancelled'
  return outcome === 'counts' ? 'Completed' : 'AwaitingApproval'
}

const everyCell = (decider: Cell['decider'], place: Cell['place']): readonly Cell[] =>
  changes.flatMap((change) =>
    standings.flatMap((standing) =>
      moments.map((moment): Cell => ({ decider, place, change, standing, moment })),
    ),
  )

const rows = deciders.flatMap((decider) => places.map((place) => [decider, place] as const))

describe('whether a word counts, and what becomes of the job', () => {
  it.each(rows)('%s in the place of: %s', async (decider, place) => {
    const found = []
    const wanted = []
    const seed = (await begin()).seed()
    for (const cell of everyCell(decider, place)) {
      const world = await makeWorld(seed)
      const { outcome, again, counted, status } = await play(world, cell)
      found.push({ ...cell, outcome, counted, status })
      const outcomeWanted = expected(cell)
      const counts = outcomeWanted === 'counts'
      wanted.push({
        ...cell,
        outcome: outcomeWanted,
        counted: counts ? 1 : 0,
        status: endOf(cell, outcomeWanted),
      })
      if (!counts) expect([cell, again]).toEqual([cell, 'refused'])
    }
    expect(found).toEqual(wanted)
  })

  it('has cells of every outcome', () => {
    const outcomes = rows.flatMap(([decider, place]) => everyCell(decider, place).map(expected))
    expect(new Set(outcomes).size).toBe(9)
  })
})

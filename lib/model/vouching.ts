import type { Ending } from './ending.ts'
import type { FounderFile } from './founder.ts'
import type { JobFile } from './job.ts'
import type { ReceiptClaims } from './receipt.ts'

/** What the right of people to decide is held against: the jobs that gave it, and those who were there first. */
export type Vouchers = {
  /** The jobs that vouch for rules, people and credentials, by id. */
  readonly made_by: ReadonlyMap<string, JobFile>
  /** `as_told`: without the table, the receipts' word for who was there first is taken, and told. */
  readonly founders: ReadonlyMap<string, FounderFile> | 'as_told'
  /** What was taken away from people since, by their ids. `as_told`: without the table, nobody can say. */
  readonly endings: ReadonlyMap<string, readonly Ending[]> | 'as_told'
}

type Decider = NonNullable<ReceiptClaims['decider']>

/** What is wrong with a job as the account of a change of people; nothing where two people carried it. */
export type Prove = (job_id: string) => readonly string[]

type Known = Pick<Decider, 'name' | 'email' | 'roles' | 'teams'>

/** Whether a receipt says no more of somebody than two people said, or the founding. */
const isKnownAs = (decider: Decider, known: Known): boolean =>
  decider.name === known.name &&
  decider.email === known.email &&
  decider.roles.every((role) => known.roles.includes(role)) &&
  decider.teams.every((team) => known.teams.includes(team))

function* foundedComplaints(decider: Decider, { founders }: Vouchers): Generator<string> {
  if (founders === 'as_told') return
  const found = founders.get(decider.id)?.founder
  if (found === undefined || !isKnownAs(decider, found))
    yield `${decider.id} is no such founder of this deployment`
}

function* deciderComplaints(decider: Decider, vouchers: Vouchers, prove: Prove): Generator<string> {
  const { id, granted_by } = decider
  if (granted_by === null) return yield `nothing vouches for ${id} as an approver`
  if (granted_by === 'bootstrap') return yield* foundedComplaints(decider, vouchers)
  const content = vouchers.made_by.get(granted_by)?.content
  const document =
    content?.type === 'PrincipalChange' && 'document' in content && content.principal_id === id
      ? content.document
      : null
  if (document?.status !== 'active' || !isKnownAs(decider, document))
    yield `job ${granted_by} does not make ${id} such an approver`
  yield* prove(granted_by)
}

function* credentialComplaints(
  { decider, credential, time }: Pick<ReceiptClaims, 'credential' | 'time'> & { readonly decider: Decider },
  vouchers: Vouchers,
  prove: Prove,
): Generator<string> {
  if (credential === null || credential.granted_by === null)
    return yield `nothing vouches for the credential of ${decider.id}`
  const { id, fingerprint, granted_by } = credential
  const stranger = `the credential ${id} is not one of ${decider.id}`
  if (granted_by === 'bootstrap') {
    if (vouchers.founders === 'as_told') return
    const known = vouchers.founders.get(decider.id)?.credentials ?? []
    if (!known.some((one) => one.id === id && one.fingerprint === fingerprint)) yield stranger
    return
  }
  const content = vouchers.made_by.get(granted_by)?.content
  if (content?.type !== 'PrincipalChange' || content.principal_id !== decider.id) return yield stranger
  const given =
    content.operation === 'add_api_key'
      ? { id: content.key.id, fingerprint: content.key.secret_sha256 }
      : content.operation === 'add_oidc_subject'
        ? { id: content.subject.id, fingerprint: content.subject.id }
        : null
  if (given?.id !== id || given.fingerprint !== fingerprint) yield stranger
  const end = content.operation === 'add_api_key' ? content.key.expires_at : null
  if (end !== null && end <= time) yield `the credential ${id} was over`
  yield* prove(granted_by)
}

/**
 * A right or a credential that was taken away counts from then on for no word, whatever
 * the rows say again since: somebody whom no ending is read of is refused.
 */
function* endedComplaints(
  { decider, for: stoodFor, credential, time }: ReceiptClaims,
  { endings }: Vouchers,
) {
  if (endings === 'as_told') return
  for (const who of [decider, stoodFor]) {
    if (who === null) continue
    const rested = new Set(['approver', ...who.teams.map((team) => `team:${team}`)])
    const ended = endings.get(who.id)
    if (ended === undefined) yield `what was taken away from ${who.id} is not known`
    for (const { granted_by, what, time: from } of ended ?? []) {
      if (from > time) continue
      if (granted_by === who.granted_by && rested.has(what)) yield `${who.id} was no such approver any more`
      if (who === decider && what === `credential:${credential?.id}`)
        yield `the credential ${credential?.id} was over`
    }
  }
}

/**
 * What is wrong with whoever gave a receipted word, and in whose place: their right to decide, and
 * the credential they showed, must each come from a job that two people
 * carried, or from the founding. Rows that say so count for nothing.
 */
export function* vouchingComplaints(
  claims: ReceiptClaims,
  vouchers: Vouchers,
  prove: Prove,
): Generator<string> {
  const { decider, for: stoodFor } = claims
  if (decider === null) return yield 'nobody decided'
  yield* deciderComplaints(decider, vouchers, prove)
  if (stoodFor !== null) yield* deciderComplaints(stoodFor, vouchers, prove)
  yield* credentialComplaints({ ...claims, decider }, vouchers, prove)
  yield* endedComplaints(claims, vouchers)
}

type RestsOn = Readonly<Record<'jobs' | 'founders' | 'people', readonly string[]>>

/** The jobs that a receipted word rests on, who of those that were there first, and all whose word it is. */
export const restsOn = ({ decider, for: stoodFor, credential }: ReceiptClaims): RestsOn => {
  const people = [decider, stoodFor].flatMap((who) => who ?? [])
  const named = [...people.map(({ granted_by }) => granted_by), credential?.granted_by]
  const jobs = named.flatMap((one) => (one === null || one === undefined || one === 'bootstrap' ? [] : [one]))
  const founders = people.filter(({ granted_by }) => granted_by === 'bootstrap').map(({ id }) => id)
  const keyed = decider !== null && credential?.granted_by === 'bootstrap' ? [decider.id] : []
  return { jobs, founders: [...founders, ...keyed], people: people.map(({ id }) => id) }
}

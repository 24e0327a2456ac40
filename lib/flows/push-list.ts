import type { PushRecord, PushTarget } from '../model/crl-push.ts'
import { fitsRolesAnywhere } from '../model/crl-push.ts'
import { append, type EventDraft } from '../model/event.ts'
import type { Issuer } from '../model/issuer.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import { readCrl, verifyCrl } from '../pki/crl-reader.ts'
import { encodePem } from '../pki/pem.ts'
import type { ListConsumers, ListPushes } from '../ports/list-consumers.ts'
import type { Issuers } from '../ports/rules.ts'
import type { PublishedLists } from '../ports/status-site.ts'

export type PushDeps = {
  readonly targets: readonly PushTarget[]
  readonly issuers: Pick<Issuers, 'get'>
  readonly published: PublishedLists
  readonly consumers: ListConsumers
  readonly pushes: ListPushes
  readonly now: Clock
  readonly worker: string
}

export type Pushed = {
  readonly to: PushTarget['to']
  readonly outcome: 'pushed' | 'refused' | 'there_already' | 'no_list'
}

type List = { readonly number: number; readonly der: Uint8Array }

/** The list that is out, once it is what its issuer signed: nothing else is handed on. */
const listOf = async (deps: PushDeps, issuer: Issuer, path: string): Promise<List | null> => {
  const der = await deps.published.get(path)
  if (der === null) return null
  const { number } = readCrl(der)
  if (number === null || !verifyCrl(der, Buffer.from(issuer.spki, 'base64')))
    throw new Refusal('plan_mismatch', `what is at ${path} is no list of ${issuer.id}`)
  return { number: Number(number), der }
}

/** Why a list cannot be given to a target at all; null where it can. */
const complaintOf = ({ facts }: Issuer, { to }: PushTarget, { der }: List): string | null => {
  // Each is critical about its scope (RFC 5280 §5.2.5), and AWS does not say that it heeds that.
  if (facts.crl_shards > 1) return `the lists of the issuer are ${facts.crl_shards} shards`
  if (to === 'roles-anywhere' && !fitsRolesAnywhere(der.length))
    return `the list has ${der.length} octets, more than IAM Roles Anywhere takes`
  return null
}

type Given = {
  readonly outcome: 'pushed' | 'refused'
  readonly reason: string | null
  readonly references: readonly string[]
}

type Giving = {
  readonly list: List
  readonly before: PushRecord | null
  readonly leftOver: readonly string[]
}

/** Gives a list to a target. What it had before is taken away after it has the new one: it is never without. */
const give = async (
  deps: PushDeps,
  target: PushTarget,
  { list, before, leftOver }: Giving,
): Promise<Given> => {
  const pem = encodePem('X509 CRL', list.der)
  const { issuer_id, arn } = target
  const earlier = [...new Set([...(before?.references ?? []), ...leftOver])]
  const refused = (reason: string): Given => ({ outcome: 'refused', reason, references: earlier })
  if (target.to === 'roles-anywhere') {
    const answer = await deps.consumers.rolesAnywhere({ issuer_id, arn, pem, reference: earlier[0] ?? null })
    return 'refused' in answer
      ? refused(answer.refused)
      : { outcome: 'pushed', reason: null, references: [answer.reference] }
  }
  const answer = await deps.consumers.addToTrustStore({ issuer_id, arn, pem, number: list.number })
  if ('refused' in answer) return refused(answer.refused)
  await deps.consumers.removeFromTrustStore(arn, earlier)
  return { outcome: 'pushed', reason: null, references: [answer.reference] }
}

const chainOf = ({ issuer_id, to, arn }: PushTarget): string => `push-${issuer_id}-${to}-${arn.slice(-16)}`

const record = async (deps: PushDeps, target: PushTarget, made: PushRecord): Promise<boolean> => {
  const { version: _, references, ...details } = made
  const draft: EventDraft = {
    type: made.outcome === 'pushed' ? 'crl_pushed' : 'crl_push_refused',
    actor: { id: deps.worker, type: 'System' },
    resource: target.issuer_id,
    job: null,
    details: { ...details, references: [...references] },
  }
  const before = await deps.pushes.lastEvent(target)
  const [event] = append(chainOf(target), before === null ? [] : [before], [draft], deps.now())
  return event !== undefined && deps.pushes.put(made, event)
}

/** How often a target is tried for while others give it lists as well. */
const rounds = 5

const pushTo = async (deps: PushDeps, issuer: Issuer, path: string, target: PushTarget): Promise<Pushed> => {
  let leftOver: readonly string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const list = await listOf(deps, issuer, path)
    if (list === null) return { to: target.to, outcome: 'no_list' }
    const before = await deps.pushes.get(target)
    const complaint = complaintOf(issuer, target, list)
    const repeated = complaint !== null && before?.reason === complaint
    // After somebody else's push at the same time theirs may be the older list: then this one is given once more.
    if (round === 0 && (repeated || (before !== null && before.number >= list.number)))
      return { to: target.to, outcome: 'there_already' }
    const given: Given =
      complaint === null
        ? await give(deps, target, { list, before, leftOver })
        : { outcome: 'refused', reason: complaint, references: before?.references ?? [] }
    const { issuer_id, to, arn } = target
    const made: PushRecord = {
      issuer_id,
      to,
      arn,
      version: (before?.version ?? 0) + 1,
      number: list.number,
      ...given,
      references: [...given.references],
      pushed_at: instantOf(deps.now()),
    }
    if (await record(deps, target, made)) return { to, outcome: given.outcome }
    leftOver = given.outcome === 'pushed' ? given.references : leftOver
  }
  throw new Error(`${target.arn} is too contended`)
}

const listAt = /^\.well-known\/pki\/crl\/(iss-[a-z0-9-]{1,62})(?:\/\d{1,3})?$/

/**
 * Gives the list that was published under a path to everybody who is to have
 * it: AWS services that fetch none themselves. Once for each CRL number,
 * however often it is told; what a target will not take is on record, and not
 * tried again before there is another list. Where one target fails, the others
 * have theirs all the same, and then the whole is a fault.
 */
export const pushList = async (deps: PushDeps, path: string): Promise<readonly Pushed[]> => {
  const issuer_id = listAt.exec(path)?.[1]
  const targets = deps.targets.filter((target) => target.issuer_id === issuer_id)
  if (issuer_id === undefined || targets.length === 0) return []
  const issuer = await deps.issuers.get(issuer_id)
  if (issuer === null) return []
  const results = await Promise.allSettled(targets.map((target) => pushTo(deps, issuer, path, target)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

import type { Approval } from './approval.ts'
import type { ApprovalStage, Eligible, Staging } from './approval-policy.ts'
import { may } from './permissions.ts'
import type { Principal, Standing } from './principal.ts'
import type { Violation } from './refusal.ts'
import { routedTo, routesByTeam } from './routing.ts'
import { isEligible, stagesOf } from './staging.ts'

/**
 * The stages that these people could not fill and how many each lacks, each person counting once:
 * a matching of people to places, grown one place at a time. Whoever `more` names fits every stage.
 */
export const unreachable = (
  staging: Staging,
  people: readonly Standing[],
  more: Eligible | null = null,
): readonly { readonly stage: ApprovalStage; readonly lacks: number }[] => {
  const places = stagesOf(staging).flatMap((stage) => Array.from({ length: stage.quorum }, () => stage))
  const placeOf = new Map<string, number>()
  const fits = (who: Standing, stage: ApprovalStage): boolean =>
    isEligible(who, stage) || (more !== null && isEligible(who, { eligible: more }))
  const seat = (place: number, tried: Set<string>): boolean =>
    people.some((who) => {
      const stage = places[place]
      if (stage === undefined || tried.has(who.id) || !fits(who, stage)) return false
      tried.add(who.id)
      const held = placeOf.get(who.id)
      if (held !== undefined && !seat(held, tried)) return false
      placeOf.set(who.id, place)
      return true
    })
  const empty = places.filter((_, place) => !seat(place, new Set()))
  return [...new Set(empty)].map((stage) => ({
    stage,
    lacks: empty.filter((other) => other === stage).length,
  }))
}

type Person = Pick<Principal, 'id' | 'roles' | 'teams' | 'status'>

const canApprove = (who: Person): boolean => who.status === 'active' && may(who, 'decide')

/** Why somebody whom a stage names cannot approve; null where they can. */
const hindrance = (id: string, people: readonly Person[]): string | null => {
  const who = people.find((one) => one.id === id)
  if (who === undefined) return `${id} is not there`
  if (who.status !== 'active') return `${id} is disabled`
  return may(who, 'decide') ? null : `${id} lacks role approver`
}

const absentOf = (eligible: Eligible, people: readonly Person[]): readonly string[] => {
  const approvers = people.filter(canApprove)
  const inTeam = (team: string): number => approvers.filter(({ teams }) => teams.includes(team)).length
  return [
    ...(eligible.principals ?? []).flatMap((id) => hindrance(id, people) ?? []),
    ...(eligible.teams ?? []).map((team) => `team ${team} has ${inTeam(team)} approvers`),
  ]
}

const pointerTo = ({ stages }: Staging, stage: ApprovalStage): string => {
  const place = stages?.findIndex(({ name }) => name === stage.name) ?? -1
  return place === -1 ? '/approval_policy/quorum' : `/approval_policy/stages/${place}`
}

/** An escalation to people of whom none can approve would only look like one. */
const vainEscalation = ({ escalate_to: lists }: Staging, people: readonly Person[]): readonly Violation[] => {
  if (lists === undefined) return []
  if (people.some((who) => canApprove(who) && isEligible(who, { eligible: lists }))) return []
  const absent = absentOf(lists, people).join(', ')
  const detail = `escalate_to names nobody who approves${absent === '' ? '' : ` (${absent})`}`
  return [{ pointer: '/approval_policy/escalate_to', detail }]
}

const shortagesOf = (staging: Staging, people: readonly Person[]): readonly Violation[] => [
  ...shortStages(staging, people),
  ...vainEscalation(staging, people),
]

const shortStages = (
  staging: Staging,
  people: readonly Person[],
  more: Eligible | null = null,
): readonly Violation[] =>
  unreachable(staging, people.filter(canApprove), more).map(({ stage, lacks }) => {
    const absent = absentOf(stage.eligible, people)
    const missing = absent.length === 0 ? '' : ` (${absent.join(', ')})`
    const detail = `stage "${stage.name}" lacks ${lacks} of its ${stage.quorum} approvers${missing}`
    return { pointer: pointerTo(staging, stage), detail }
  })

const ownerless = (staging: Staging): readonly Violation[] =>
  (staging.stages ?? [])
    .filter(({ eligible }) => eligible.owner_team === true)
    .map((stage) => ({
      pointer: pointerTo(staging, stage),
      detail: `stage "${stage.name}" is for the team of the owner, and nobody is in a team`,
    }))

/**
 * What stands in the way of a policy ever being satisfied by these people: of
 * each stage how many it lacks, and who is missing. One that is routed by the
 * owner's team must be within reach of some team: of the nearest, what it lacks.
 */
export const shortages = (staging: Staging, people: readonly Person[]): readonly Violation[] => {
  if (!routesByTeam(staging)) return shortagesOf(staging, people)
  const teams = [...new Set(people.flatMap((who) => who.teams))].sort()
  const [nearest] = teams
    .map((team) => shortagesOf(routedTo(staging, team), people))
    .toSorted((a, b) => a.length - b.length)
  return nearest ?? ownerless(staging)
}

/**
 * Why these people cannot fill the stages of an approval, now or once it is
 * escalated: which stage lacks how many. Empty where they can.
 */
export const undecidable = (
  { stages, order, quorum, escalation }: Pick<Approval, 'stages' | 'order' | 'quorum' | 'escalation'>,
  people: readonly Person[],
): readonly string[] =>
  shortStages({ stages, order, quorum }, people, escalation?.to ?? null).map(({ detail }) => detail)

import type { ApprovalStage, Staging } from './approval-policy.ts'
import { may } from './permissions.ts'
import type { Principal, Standing } from './principal.ts'
import type { Violation } from './refusal.ts'
import { isEligible, stagesOf } from './staging.ts'

/**
 * The stages that these people could not fill and how many each lacks, each person counting once:
 * a matching of people to places, grown one place at a time.
 */
export const unreachable = (
  staging: Staging,
  people: readonly Standing[],
): readonly { readonly stage: ApprovalStage; readonly lacks: number }[] => {
  const places = stagesOf(staging).flatMap((stage) => Array.from({ length: stage.quorum }, () => stage))
  const placeOf = new Map<string, number>()
  const seat = (place: number, tried: Set<string>): boolean =>
    people.some((who) => {
      const stage = places[place]
      if (stage === undefined || tried.has(who.id) || !isEligible(who, stage)) return false
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

const absentOf = ({ eligible }: ApprovalStage, people: readonly Person[]): readonly string[] => {
  const approvers = people.filter(canApprove)
  const inTeam = (team: string): number => approvers.filter(({ teams }) => teams.includes(team)).length
  return [
    ...(eligible.principals ?? []).flatMap((id) => hindrance(id, people) ?? []),
    ...(eligible.teams ?? []).map((team) => `team ${team} has ${inTeam(team)} approvers`),
  ]
}

const pointerTo = ({ stages }: Staging, stage: ApprovalStage): string => {
  const place = stages?.indexOf(stage) ?? -1
  return place === -1 ? '/approval_policy/quorum' : `/approval_policy/stages/${place}`
}

/** What stands in the way of a policy ever being satisfied by these people: of each stage how many it lacks, and who is missing. */
export const shortages = (staging: Staging, people: readonly Person[]): readonly Violation[] =>
  unreachable(staging, people.filter(canApprove)).map(({ stage, lacks }) => {
    const absent = absentOf(stage, people)
    const missing = absent.length === 0 ? '' : ` (${absent.join(', ')})`
    const detail = `stage "${stage.name}" lacks ${lacks} of its ${stage.quorum} approvers${missing}`
    return { pointer: pointerTo(staging, stage), detail }
  })

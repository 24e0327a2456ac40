import type { ApprovalStage, Eligible, Staging } from './approval-policy.ts'
import type { Standing } from './principal.ts'

/** The stages of a policy: where it names none, one of anybody who may approve. */
export const stagesOf = ({ quorum, stages }: Staging): readonly ApprovalStage[] =>
  stages ?? [{ name: 'approval', quorum, eligible: { roles: ['approver'] } }]

/** Whether a stage names this person, by id, team or role. Role `approver` is another question. */
export const isEligible = (who: Standing, { eligible: lists }: Pick<ApprovalStage, 'eligible'>): boolean =>
  lists.principals?.includes(who.id) === true ||
  who.teams.some((team) => lists.teams?.includes(team) === true) ||
  who.roles.some((role) => lists.roles?.includes(role) === true)

/** An approval as far as it is counted; `for` is whoever was stood for. */
type Counted = { readonly by: string; readonly for?: string | null; readonly stage: string }

/** The people of an approval: whoever gave it, and whoever it was given for. Neither counts again. */
export const peopleOf = ({ by, for: stoodFor }: Pick<Counted, 'by' | 'for'>): readonly string[] =>
  stoodFor === null || stoodFor === undefined ? [by] : [by, stoodFor]

/** How many people each stage still waits for. Whoever is counted twice counts once. */
export const missingOf = (
  staging: Staging,
  approvals: readonly Counted[],
): readonly { readonly stage: ApprovalStage; readonly missing: number }[] => {
  const seen = new Set<string>()
  const counted = approvals.filter((approval) => {
    const people = peopleOf(approval)
    const again = people.some((who) => seen.has(who))
    for (const who of people) seen.add(who)
    return !again
  })
  return stagesOf(staging).map((stage) => {
    const given = counted.filter((approval) => approval.stage === stage.name).length
    return { stage, missing: Math.max(0, stage.quorum - given) }
  })
}

const isAmong = (who: Standing, lists: Eligible | null): boolean =>
  lists !== null && isEligible(who, { eligible: lists })

/** Who asks, for which stage (null for any), and who may approve since the approval was escalated. */
type Asking = {
  readonly who: Standing
  readonly wanted?: string | null
  readonly escalated_to?: Eligible | null
}

/** The fewer a stage names, the harder it is to fill. */
const breadthOf = (who: Standing, { eligible }: ApprovalStage): number => {
  if (eligible.principals?.includes(who.id) === true) return 0
  if (who.teams.some((team) => eligible.teams?.includes(team) === true)) return 1
  return isEligible(who, { eligible }) ? 2 : 3
}

/**
 * The stage that this person's approval would count for now, or null for none:
 * the one they want, or else the first of those that name them most closely,
 * so that nobody takes a place that others could fill.
 */
export const stageFor = (
  staging: Staging,
  approvals: readonly Counted[],
  { who, wanted = null, escalated_to = null }: Asking,
): ApprovalStage | null => {
  const open = missingOf(staging, approvals).filter(({ missing }) => missing > 0)
  const reached = staging.order === 'ordered' ? open.slice(0, 1) : open
  const [stage] = reached
    .map((one) => one.stage)
    .filter((one) => isEligible(who, one) || isAmong(who, escalated_to))
    .filter(({ name }) => wanted === null || name === wanted)
    .toSorted((a, b) => breadthOf(who, a) - breadthOf(who, b))
  return stage ?? null
}

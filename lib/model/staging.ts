import type { ApprovalStage, Staging } from './approval-policy.ts'
import type { Standing } from './principal.ts'

/** The stages of a policy: where it names none, one of anybody who may approve. */
export const stagesOf = ({ quorum, stages }: Staging): readonly ApprovalStage[] =>
  stages ?? [{ name: 'approval', quorum, eligible: { roles: ['approver'] } }]

/** Whether a stage names this person, by id, team or role. Role `approver` is another question. */
export const isEligible = (who: Standing, { eligible: lists }: Pick<ApprovalStage, 'eligible'>): boolean =>
  lists.principals?.includes(who.id) === true ||
  who.teams.some((team) => lists.teams?.includes(team) === true) ||
  who.roles.some((role) => lists.roles?.includes(role) === true)

type Counted = { readonly by: string; readonly stage: string }

/** How many people each stage still waits for. Whoever is counted twice counts once. */
export const missingOf = (
  staging: Staging,
  approvals: readonly Counted[],
): readonly { readonly stage: ApprovalStage; readonly missing: number }[] => {
  const counted = new Map(approvals.map(({ by, stage }) => [by, stage]))
  return stagesOf(staging).map((stage) => {
    const given = [...counted.values()].filter((name) => name === stage.name).length
    return { stage, missing: Math.max(0, stage.quorum - given) }
  })
}

/** The stage that this person's approval would count for now, or null for none. */
export const stageFor = (
  staging: Staging,
  approvals: readonly Counted[],
  who: Standing,
): ApprovalStage | null => {
  const open = missingOf(staging, approvals).filter(({ missing }) => missing > 0)
  const reached = staging.order === 'ordered' ? open.slice(0, 1) : open
  return reached.find(({ stage }) => isEligible(who, stage))?.stage ?? null
}

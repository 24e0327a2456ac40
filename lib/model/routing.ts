import type { Eligible, Staging } from './approval-policy.ts'
import { Refusal } from './refusal.ts'

/** Whether it depends on whose certificate it is who approves. */
export const routesByTeam = ({ stages = [], escalate_to }: Staging): boolean =>
  [...stages.map(({ eligible }) => eligible), escalate_to].some((lists) => lists?.owner_team === true)

const withEligible = <S extends Staging>(staging: S, resolved: (lists: Eligible) => Eligible): S => {
  const { stages, escalate_to } = staging
  return {
    ...staging,
    ...(stages === undefined
      ? {}
      : { stages: stages.map((stage) => ({ ...stage, eligible: resolved(stage.eligible) })) }),
    ...(escalate_to === undefined ? {} : { escalate_to: resolved(escalate_to) }),
  }
}

/**
 * The stages with the owner's team by its name. Refuses (`mandate_refused`)
 * where a stage is for that team and the certificate has none.
 */
export const routedTo = <S extends Staging>(staging: S, team: string | null): S =>
  withEligible(staging, ({ owner_team, ...lists }) => {
    if (owner_team !== true) return lists
    if (team === null)
      throw new Refusal('mandate_refused', 'the rules route by the team of the owner, and there is none')
    return { ...lists, teams: [...new Set([...(lists.teams ?? []), team])] }
  })

/** The stages for what is about no single certificate: there, the owner's team is everybody who approves. */
export const routedToAll = <S extends Staging>(staging: S): S =>
  withEligible(staging, ({ owner_team, ...lists }) =>
    owner_team === true
      ? { ...lists, roles: [...new Set([...(lists.roles ?? []), 'approver' as const])] }
      : lists,
  )

import type { Principal } from './principal.ts'
import { instantOf, later } from './time.ts'

/**
 * That something which a job (or the founding) gave somebody was taken away
 * again. All of it is in the key of its row: what is stored under a key may be
 * written over by whoever writes rows of principals, but none of them may delete
 * a row, so that what was taken away stays so until two people give it anew.
 */
export type Ending = {
  readonly principal_id: string
  readonly granted_by: string
  /** What is over: the right to approve (`approver`), what one team may (`team:…`), or one credential (`credential:…`). */
  readonly what: string
  /** From then on no word counts that rests on it. */
  readonly time: string
}

/**
 * How long a word still counts that was being given while its right was taken away, in
 * seconds: between the moment that either says of itself and its commit the other may come.
 */
const graceSeconds = 60

type Held = Pick<Principal, 'id' | 'roles' | 'teams' | 'status' | 'granted_by'>

const mayApprove = ({ roles, status }: Held): boolean => status === 'active' && roles.includes('approver')

/** What a change of somebody takes away of what they were given. What is given anew comes from another job. */
export const endingsOf = (before: Held, after: Held, now: Date): readonly Ending[] => {
  const { id: principal_id, granted_by, teams } = before
  if (granted_by === null) return []
  const time = instantOf(later(now, graceSeconds))
  const ended = { principal_id, granted_by, time }
  if (granted_by !== after.granted_by || (mayApprove(before) && !mayApprove(after)))
    return [{ ...ended, what: 'approver' }]
  return teams
    .filter((team) => !after.teams.includes(team))
    .map((team) => ({ ...ended, what: `team:${team}` }))
}

type Credential = { readonly id: string; readonly principal_id: string; readonly granted_by: string | null }

/** That a credential is over, now or at the end of its overlap; nothing for one that never counted. */
export const endingOfCredential = (
  { id, principal_id, granted_by }: Credential,
  at: Date,
): readonly Ending[] =>
  granted_by === null
    ? []
    : [
        {
          principal_id,
          granted_by,
          what: `credential:${id}`,
          time: instantOf(later(at, graceSeconds)),
        },
      ]

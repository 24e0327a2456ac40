import { describe, expect, it } from 'vitest'
import { endingOfCredential, endingsOf } from '../../../lib/model/ending.ts'
import type { Principal } from '../../../lib/model/principal.ts'

const now = new Date('2026-03-01T12:00:00.000Z')
const a_minute_later = '2026-03-01T12:01:00.000Z'

const before: Parameters<typeof endingsOf>[0] = {
  id: 'pr-bob',
  roles: ['approver', 'operator'],
  teams: ['web', 'mail'],
  status: 'active',
  granted_by: 'job-one',
}

type Edit = Partial<Pick<Principal, 'roles' | 'teams' | 'status' | 'granted_by'>>

const ended = (edit: Edit) => endingsOf(before, { ...before, ...edit }, now).map(({ what }) => what)

describe('What a change takes away', () => {
  it.each<[string, Edit, readonly string[]]>([
    ['nothing', {}, []],
    ['a role that decides nothing', { roles: ['approver'] }, []],
    ['something given besides', { roles: ['approver', 'operator', 'viewer'] }, []],
    ['the role of an approver', { roles: ['operator'] }, ['approver']],
    ['every role', { roles: [], granted_by: null }, ['approver']],
    ['being let in at all', { status: 'disabled' }, ['approver']],
    ['a team', { teams: ['web'] }, ['team:mail']],
    ['every team', { teams: [] }, ['team:web', 'team:mail']],
    ['what came before, for another job has given it anew', { granted_by: 'job-two' }, ['approver']],
  ])('is %s', (_, edit, what) => {
    expect(ended(edit)).toEqual(what)
  })

  it('is over a minute later, for whoever was deciding at that moment', () => {
    expect(endingsOf(before, { ...before, roles: [] }, now)).toEqual([
      { principal_id: 'pr-bob', granted_by: 'job-one', what: 'approver', time: a_minute_later },
    ])
  })

  it('is nothing of what nobody vouched for', () => {
    expect(endingsOf({ ...before, granted_by: null }, { ...before, roles: [] }, now)).toEqual([])
    expect(endingOfCredential({ id: 'k', principal_id: 'pr-bob', granted_by: null }, now)).toEqual([])
  })

  it('may be one credential', () => {
    const key = { id: 'bob-1', principal_id: 'pr-bob', granted_by: 'job-key' }
    expect(endingOfCredential(key, now)).toEqual([
      { principal_id: 'pr-bob', granted_by: 'job-key', what: 'credential:bob-1', time: a_minute_later },
    ])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consequences, consequencesOfWaiting } from '../../../lib/model/consequences.ts'
import {
  append,
  type Event,
  type EventDraft,
  type EventType,
  event,
  eventTypes,
  isUnbroken,
} from '../../../lib/model/event.ts'
import { isTerminal, type Job, jobStatuses, mayBecome } from '../../../lib/model/job.ts'
import { isTold } from '../../../lib/model/telling.ts'

const now = new Date('2026-03-01T12:00:00.000Z')

const draft = (type: EventDraft['type'], job: EventDraft['job'] = null): EventDraft => ({
  type,
  actor: { id: 'pr-alice', type: 'Person' },
  resource: 'mc-foo',
  job,
  details: { issuer_id: 'iss-web', nested: { list: [1, 'two', null] } },
})

const snapshot = {
  id: 'job-abc123',
  type: 'Issuance',
  status: 'Pending',
  queue: 'kms',
  approval_state: 'approved',
  profile_id: 'p-prod-web',
  created_at: '2026-03-01T12:00:00.000Z',
} as const

const chainOf = (length: number, name = 'job-abc123'): Event[] => {
  const events: Event[] = []
  for (let n = 0; n < length; n += 1)
    events.push(...append(name, events, [draft('certificate_requested', snapshot)], now))
  return events
}

describe('a chain of events', () => {
  it('is numbered from one, and each holds the hash of the one before it', () => {
    const [first, second, third] = chainOf(3)
    expect([first?.sequence, second?.sequence, third?.sequence]).toEqual([1, 2, 3])
    expect(first?.previous_hash).toBe('0'.repeat(64))
    expect(second?.previous_hash).toBe(first?.hash)
    expect(third?.previous_hash).toBe(second?.hash)
    expect(third?.id).toBe('ev-job-abc123-3')
    for (const entry of [first, second, third]) expect(event.parse(entry)).toEqual(entry)
  })

  it('is the same whether its events are added one by one or together', () => {
    const together = append('c', [], [draft('job_failed'), draft('api_key_created')], now)
    const first = append('c', [], [draft('job_failed')], now)
    expect([...first, ...append('c', first, [draft('api_key_created')], now)]).toEqual(together)
  })

  it('is unbroken as it was made, and also when it is empty', () => {
    for (const length of [0, 1, 2, 7]) expect(isUnbroken('job-abc123', chainOf(length))).toBe(true)
  })

  it('is broken by a change of anything in any of its events', () => {
    const events = chainOf(3)
    const changes: Readonly<Record<keyof Event, unknown>> = {
      id: 'ev-other',
      chain: 'job-other1',
      sequence: 9,
      time: '2026-03-01T12:00:00.001Z',
      type: 'certificate_issued',
      actor: 'pr-bob',
      actor_type: 'System',
      resource: 'mc-bar',
      job: { ...snapshot, status: 'Completed' },
      details: { issuer_id: 'iss-web', nested: { list: [1, 'two', false] } },
      previous_hash: 'ab'.repeat(32),
      hash: 'cd'.repeat(32),
    }
    for (const at of [0, 1, 2])
      for (const [name, value] of Object.entries(changes)) {
        const tampered = events.map((entry, index) => (index === at ? { ...entry, [name]: value } : entry))
        expect([name, at, isUnbroken('job-abc123', tampered)]).toEqual([name, at, false])
      }
  })

  it('is broken by one flipped character of any text in it', () => {
    const events = chainOf(2)
    const text = JSON.stringify(events)
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), (at) => {
        const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1)
        const changed = `${text.slice(0, at)}${flipped}${text.slice(at + 1)}`
        let parsed: Event[]
        try {
          parsed = JSON.parse(changed)
        } catch {
          return
        }
        fc.pre(Array.isArray(parsed) && parsed.length > 0)
        expect(isUnbroken('job-abc123', parsed)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  const events = chainOf(4)
  const [first, second, third, fourth] = events
  it.each([
    ['without its first', [second, third, fourth]],
    ['without one in the middle', [first, third, fourth]],
    ['with two changed about', [first, third, second, fourth]],
    ['with one of them twice', [first, second, second, third]],
    ['turned round', [fourth, third, second, first]],
    ['that begins anew', [first, second, first, second]],
    ['continued by another chain', [first, second, ...chainOf(3, 'job-other1').slice(2)]],
    ['of another name', chainOf(3, 'job-other1')],
  ])('%s is broken', (_, tampered) => {
    expect(
      isUnbroken(
        'job-abc123',
        tampered.filter((entry) => entry !== undefined),
      ),
    ).toBe(false)
  })

  it('whose later events were made anew over a changed one is told apart by its last hash alone', () => {
    const forged = append('job-abc123', chainOf(1), [draft('certificate_issued')], now)
    const remade = [...chainOf(1), ...forged]
    expect(isUnbroken('job-abc123', remade)).toBe(true)
    expect(remade.at(-1)?.hash).not.toBe(chainOf(2).at(-1)?.hash)
  })
})

describe('what follows from an event', () => {
  const entryOf = (type: EventDraft['type'], job: EventDraft['job']): Event => {
    const [made] = append('c', [], [draft(type, job)], now)
    if (made === undefined) throw new Error('no event')
    return made
  }

  const statuses = [...jobStatuses, 'Approved', '', 'pending']

  it.each(eventTypes)('%s dispatches nothing but a job that is Pending', (type) => {
    for (const status of statuses)
      for (const queue of ['kms', 'apply'] as const)
        for (const effect of consequences(entryOf(type, { ...snapshot, status, queue })))
          if (effect.effect === 'dispatch') {
            expect(status).toBe('Pending')
            expect(effect).toEqual({ effect: 'dispatch', queue, job_id: 'job-abc123' })
          }
  })

  it.each(eventTypes)('%s of no job starts, resumes and dispatches nothing', (type) => {
    const effects = consequences(entryOf(type, null)).map(({ effect }) => effect)
    expect(effects.filter((effect) => effect !== 'publish_status' && effect !== 'notify')).toEqual([])
  })

  const followed: Partial<Record<EventType, string>> = {
    certificate_requested: 'dispatch',
    renewal_requested: 'dispatch',
    renewal_batch_requested: 'dispatch',
    revocation_requested: 'dispatch',
    profile_change_requested: 'dispatch',
    issuer_change_requested: 'dispatch',
    grant_requested: 'dispatch',
    principal_change_requested: 'dispatch',
    rebinding_requested: 'dispatch',
    approval_requested: 'start_workflow',
    approval_bypassed: 'dispatch',
    approval_approved: 'resume_workflow',
    approval_rejected: 'resume_workflow',
    approval_expired: 'resume_workflow',
    approval_withdrawn: 'resume_workflow',
    job_cancelled: 'resume_workflow',
    certificate_revoked: 'publish_status',
    certificate_released: 'publish_status',
    issuer_changed: 'publish_status',
  }

  it.each(eventTypes)(
    '%s is followed by what the table says, and by nothing where it says nothing',
    (type) => {
      const effect = followed[type]
      const effects = consequences(entryOf(type, snapshot)).map((found) => found.effect)
      expect(effects.filter((found) => found !== 'notify')).toEqual(effect === undefined ? [] : [effect])
    },
  )

  it.each(eventTypes)('%s: people are told of it last, or not at all', (type) => {
    const effects = consequences(entryOf(type, snapshot))
    const told = effects.findIndex(({ effect }) => effect === 'notify')
    expect(told).toBe(isTold(entryOf(type, snapshot)) ? effects.length - 1 : -1)
  })

  it.each([
    ['Pending', []],
    ['Completed', ['notify']],
  ])('renewals_opened of a batch that is %s is followed by %j', (status, followed) => {
    const effects = consequences(entryOf('renewals_opened', { ...snapshot, status }))
    expect(effects.map(({ effect }) => effect)).toEqual(followed)
  })

  it('that people are told of names where it is, and says nothing of it', () => {
    expect(consequences(entryOf('approval_requested', snapshot)).at(-1)).toEqual({
      effect: 'notify',
      chain: 'c',
      sequence: 1,
    })
  })

  it('an approval that is decided wakes its own workflow, and never dispatches: that is for the workflow', () => {
    expect(consequences(entryOf('approval_approved', snapshot))).toEqual([
      { effect: 'resume_workflow', approval_id: 'ar-abc123' },
      { effect: 'notify', chain: 'c', sequence: 1 },
    ])
  })

  it.each([
    ['AwaitingApproval', 'start_workflow'],
    ['Pending', 'dispatch'],
    ['Running', 'dispatch'],
    ['Completed', undefined],
    ['Failed', undefined],
    ['Cancelled', undefined],
  ] as const)('a job that stands still at %s: %s', (status, effect) => {
    const [found, ...more] = consequencesOfWaiting({ id: 'job-abc123', status, queue: 'kms' } as Job)
    expect(found?.effect).toBe(effect)
    expect(more).toEqual([])
  })
})

describe('the states of a job', () => {
  const steps = [
    'AwaitingApproval → Pending',
    'AwaitingApproval → Cancelled',
    'Pending → Running',
    'Pending → Completed',
    'Pending → Failed',
    'Pending → Cancelled',
    'Running → Completed',
    'Running → Failed',
  ]
  const pairs = jobStatuses.flatMap((from) => jobStatuses.map((to) => [from, to] as const))

  it.each(pairs)('%s → %s', (from, to) => {
    expect(mayBecome(from, to)).toBe(steps.includes(`${from} → ${to}`))
  })

  it('are terminal where nothing follows', () => {
    expect(jobStatuses.filter(isTerminal)).toEqual(['Completed', 'Failed', 'Cancelled'])
    for (const from of jobStatuses.filter(isTerminal))
      for (const to of jobStatuses) expect(mayBecome(from, to)).toBe(false)
  })
})

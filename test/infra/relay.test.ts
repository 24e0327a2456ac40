import { describe, expect, it } from 'vitest'
import { consequences, isFollowed } from '../../lib/model/consequences.ts'
import { type Event, type EventType, eventTypes } from '../../lib/model/event.ts'
import { measuresOf } from '../../lib/model/measures.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

type Json = string | boolean | null | { readonly [name: string]: Json } | readonly Json[]

const isRecord = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One rule of a filter, as Lambda reads it: a value, or `exists`, `prefix`, `anything-but`. */
const passes = (rule: Json, value: Json | undefined): boolean => {
  if (!isRecord(rule)) return rule === value
  if (rule.exists !== undefined) return rule.exists === (value !== undefined)
  if (typeof rule.prefix === 'string') return typeof value === 'string' && value.startsWith(rule.prefix)
  const banned = rule['anything-but']
  if (!Array.isArray(banned)) throw new TypeError(`nobody knows the rule ${JSON.stringify(rule)}`)
  return value !== undefined && !banned.includes(value)
}

const matches = (pattern: Json, value: Json | undefined): boolean => {
  if (Array.isArray(pattern)) return pattern.some((rule: Json) => passes(rule, value))
  if (!isRecord(pattern)) throw new TypeError('a pattern is of fields and lists')
  return Object.entries(pattern).every(([name, part]) =>
    matches(part, isRecord(value) ? value[name] : undefined),
  )
}

describe('What wakes the relay', () => {
  const { resources } = synthesize('prod')
  const filters: readonly Json[] = ofType(resources, 'AWS::Lambda::EventSourceMapping')
    .flatMap(({ FilterCriteria }) => FilterCriteria?.Filters ?? [])
    .map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))
    .filter((pattern: { dynamodb?: object }) => pattern.dynamodb !== undefined)

  const wakes = (eventName: string, sk: string, image: { readonly [name: string]: Json }): boolean =>
    filters.some((pattern) =>
      matches(pattern, { eventName, dynamodb: { Keys: { sk: { S: sk } }, NewImage: image } }),
    )

  const insert = (type: string, details: { readonly [name: string]: Json } = {}): boolean =>
    wakes('INSERT', 'EVENT#00000002', { type: { S: type }, details: { M: details } })

  it.each(eventTypes)('is %s exactly where something may follow from it', (type) => {
    expect(insert(type)).toBe(isFollowed({ type, details: {} }))
  })

  it('is a plan that was taken over from a dead worker, which counts', () => {
    expect(insert('issuance_planned', { reclaimed: { BOOL: true } })).toBe(true)
    expect(isFollowed({ type: 'issuance_planned', details: { reclaimed: true } })).toBe(true)
  })

  it('is every type that no table knows yet', () => {
    expect(insert('something_new')).toBe(true)
  })

  it('is a job that was touched, and no other row', () => {
    const touched = { touched_at: { S: '2026-03-01T12:00:00.000Z' } }
    expect(wakes('MODIFY', 'JOB', touched)).toBe(true)
    expect(wakes('MODIFY', 'JOB', {})).toBe(false)
    expect(wakes('INSERT', 'JOB', touched)).toBe(false)
    expect(wakes('MODIFY', 'EVENT#00000002', { type: { S: 'certificate_requested' } })).toBe(false)
  })

  /** An event that says all that something could follow from. */
  const telling = (type: EventType): Event => ({
    type,
    id: 'ev-job-a-1',
    chain: 'job-a',
    sequence: 1,
    time: '2026-03-01T12:00:00.000Z',
    actor: 'worker-kms',
    actor_type: 'System',
    resource: 'job-a',
    job: {
      id: 'job-a',
      type: 'Issuance',
      status: 'Pending',
      queue: 'kms',
      approval_state: 'approved',
      profile_id: null,
      created_at: '2026-03-01T12:00:00.000Z',
    },
    details: { issuer_id: 'iss-a', continues: true, reclaimed: true, outcomes: [] },
    previous_hash: '',
    hash: '',
  })

  it.each(eventTypes)('leaves out nothing that follows from %s', (type) => {
    const event = telling(type)
    const followed = consequences(event).length + measuresOf(event).length
    expect(followed === 0 || isFollowed(event)).toBe(true)
  })
})

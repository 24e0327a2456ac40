import type { SQSRecord } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { notifyFunction } from '../../../lib/lambda/notify-queue.ts'
import { sqsRecord } from '../../support/sqs.ts'

const place = { chain: 'job-abc123', sequence: 2 }

/** The function on a notifier that ends each message as its chain says. */
const functionOf = (outcomes: Readonly<Record<string, string>>) => {
  const postponed: (readonly [string, number])[] = []
  const attempts: number[] = []
  const handler = notifyFunction({
    notify: async ({ chain }, attempt) => {
      attempts.push(attempt)
      const outcome = outcomes[chain]
      if (outcome === undefined) throw new Error('a fault')
      return outcome
    },
    postpone: async (receipt, seconds) => void postponed.push([receipt, seconds]),
    retry_after_seconds: [60, 240, 960, 3840],
  })
  const handle = (...Records: SQSRecord[]) => handler({ Records })
  return { handle, postponed, attempts }
}

describe('the notifier behind its queue', () => {
  it.each(['done', 'nobody_is_told'])('is done with a message that is %s', async (outcome) => {
    const { handle, postponed } = functionOf({ 'job-abc123': outcome })
    expect(await handle(sqsRecord('1', place))).toEqual({ batchItemFailures: [] })
    expect(postponed).toEqual([])
  })

  it.each([
    [1, 60],
    [2, 240],
    [3, 960],
    [4, 3840],
  ])('after delivery %d puts a message off for %d seconds', async (attempt, seconds) => {
    const { handle, postponed, attempts } = functionOf({ 'job-abc123': 'again' })
    expect(await handle(sqsRecord('1', place, attempt))).toEqual({
      batchItemFailures: [{ itemIdentifier: '1' }],
    })
    expect([postponed, attempts]).toEqual([[['receipt-1', seconds]], [attempt]])
  })

  it('lets a message that it gave up go to the dead letters at once', async () => {
    const { handle, postponed } = functionOf({ 'job-abc123': 'given_up' })
    expect(await handle(sqsRecord('1', place, 5))).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] })
    expect(postponed).toEqual([['receipt-1', 0]])
  })

  it.each([
    ['no JSON', '{'],
    ['another shape', { job_id: 'job-abc123' }],
    ['a field too many', { ...place, url: 'https://evil.example' }],
    ['no place', { ...place, sequence: 0 }],
    ['what is a fault', { chain: 'job-fault', sequence: 1 }],
  ])('fails a message with %s by itself', async (_, bad) => {
    const { handle } = functionOf({ 'job-abc123': 'done' })
    const failed = await handle(sqsRecord('1', place), sqsRecord('2', bad), sqsRecord('3', place))
    expect(failed).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] })
  })
})

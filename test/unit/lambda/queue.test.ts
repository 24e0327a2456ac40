import type { SQSEvent } from 'aws-lambda'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { queueFunction } from '../../../lib/lambda/queue.ts'
import { deliveries } from '../../../lib/model/queue.ts'

const batchOf = (...received: readonly number[]): SQSEvent => ({
  Records: received.map((count, index) => ({
    messageId: `message-${index}`,
    receiptHandle: '',
    body: '{"job_id":"job-x"}',
    attributes: {
      ApproximateReceiveCount: String(count),
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  })),
})

const failing = queueFunction(z.strictObject({ job_id: z.string() }), () =>
  Promise.reject(new Error('the key is disabled')),
)

describe('a message that fails', () => {
  afterEach(() => vi.restoreAllMocks())

  const counted = async (batch: SQSEvent) => {
    const lines: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
    const answer = await failing(batch)
    return { answer, counts: lines.filter((line) => line.includes('jobs_dead_lettered')).length }
  }

  it('is delivered again, and counted as a dead letter only when it failed for the last time', async () => {
    expect((await counted(batchOf(1, deliveries - 1))).counts).toBe(0)
    const { answer, counts } = await counted(batchOf(1, deliveries))
    expect(counts).toBe(1)
    expect(answer.batchItemFailures).toEqual([
      { itemIdentifier: 'message-0' },
      { itemIdentifier: 'message-1' },
    ])
  })
})

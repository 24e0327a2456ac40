import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { invoke, sqsEvent } from '../support/live-functions.ts'
import { queueUrl, requestAt, send } from '../support/live-jobs.ts'
import { issueUngated, requestUngated, suffix } from '../support/live-requests.ts'
import { as, clients } from '../support/stack.ts'

const queues = ['kms', 'apply', 'status'] as const

const workers = { kms: 'worker-kms', apply: 'worker-apply', status: 'worker-publish-status' } as const

const attributesOf = async (QueueUrl: string) =>
  (await clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ??
  {}

const setVisibility = (QueueUrl: string, VisibilityTimeout: string) =>
  clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }))

/** Poison: each is read by nobody, and says which test sent it. */
const poisons = [
  ['that is not JSON', (mark: string) => `{"job_id": ${mark}`],
  ['that is of another shape', (mark: string) => JSON.stringify({ job: mark })],
  [
    'with a field too many',
    (mark: string) => JSON.stringify({ job_id: 'job-1', issuer_id: 'iss-web', mark }),
  ],
] as const

describe.each(queues)('the queue %s', (queue) => {
  it.each(poisons)('fails a message %s by itself, and works on its neighbours', async (_, poison) => {
    const bad = poison(suffix())
    const fine = queue === 'status' ? { type: 'refresh' } : { job_id: `job-${suffix()}` }
    const { batchItemFailures } = (await invoke(workers[queue], sqsEvent(fine, bad, fine, bad))) as {
      batchItemFailures: unknown[]
    }
    expect(batchItemFailures).toEqual([{ itemIdentifier: '1' }, { itemIdentifier: '3' }])
  })
})

describe('a message that nobody can read', () => {
  const before = new Map<string, string>()

  beforeAll(async () => {
    // Redelivery takes minutes as it is deployed; everything that is delivered twice meanwhile is done once.
    for (const queue of queues) {
      before.set(queue, (await attributesOf(queueUrl(queue))).VisibilityTimeout ?? '180')
      await setVisibility(queueUrl(queue), '1')
    }
  })
  afterAll(async () => {
    for (const queue of queues) await setVisibility(queueUrl(queue), before.get(queue) ?? '180')
  })

  it('ends in the dead letters of its queue, and holds up nothing that came after it', async () => {
    const marks = new Map(queues.map((queue) => [queue, `poison-${suffix()}`]))
    for (const queue of queues) await send(queue, marks.get(queue) ?? '')
    const { job_id } = await requestUngated()
    await jobCompleted(as('alice'), job_id)
    for (const queue of queues) await buried(queue, marks.get(queue) ?? '')
  })

  it.each(queues)('of %s is kept for two weeks, after five attempts', async (queue) => {
    const { RedrivePolicy = '{}' } = await attributesOf(queueUrl(queue))
    const letters = await attributesOf(queueUrl(`${queue}_dead_letters`))
    expect(JSON.parse(RedrivePolicy)).toMatchObject({ deadLetterTargetArn: letters.QueueArn })
    expect(Number(JSON.parse(RedrivePolicy).maxReceiveCount)).toBe(5)
    expect(Number(letters.MessageRetentionPeriod)).toBe(14 * 86_400)
  })
})

/** Until the dead letters of a queue hold this body; it is taken out of them. */
async function buried(queue: (typeof queues)[number], body: string): Promise<void> {
  const QueueUrl = queueUrl(`${queue}_dead_letters`)
  await eventually(`${body} in the dead letters of ${queue}`, async () => {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1 }),
    )
    const found = Messages.find((message) => message.Body === body)
    if (found === undefined) return { seen: Messages.map((message) => message.Body).join() || 'nothing' }
    await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: found.ReceiptHandle }))
    return { found: true }
  })
}

describe('a batch with one job that cannot be read', () => {
  it('issues the others', async () => {
    const issued = await issueUngated()
    const asked = await requestAt(new Date(), 'p-dev-web')
    const batch = sqsEvent('poison', { job_id: issued.job_id }, { job_id: asked.job_id })
    expect(await invoke('worker-kms', batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '0' }] })
    await jobCompleted(as('alice'), asked.job_id)
  })
})

import { createHmac } from 'node:crypto'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { outcomesIn } from '../../lib/model/notification.ts'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { linesOf, logGroupOf, variablesOf } from '../support/live-functions.ts'
import { queueUrl } from '../support/live-jobs.ts'
import {
  deleteSecret,
  putSecret,
  type Received,
  startReceiver,
  subscribedQueue,
} from '../support/live-outside.ts'
import { approve, requestGated, suffix } from '../support/live-requests.ts'
import { as, clients, stack } from '../support/stack.ts'

const key = suffix() + suffix() + suffix()

const names = { receiver: 'countersign/test/receiver', chat: 'countersign/test/chat' }

/** How often the receiver says no to what holds a text, before it says yes. */
const refusals = new Map<string, number>()

const statusFor = ({ path, body }: Received): number => {
  for (const [text, left] of refusals)
    if (path === '/json' && body.includes(text) && left > 0) {
      refusals.set(text, left - 1)
      return 503
    }
  return 204
}

let outside: Awaited<ReturnType<typeof startReceiver>>
let subscriber: Awaited<ReturnType<typeof subscribedQueue>>

beforeAll(async () => {
  outside = await startReceiver(statusFor)
  subscriber = await subscribedQueue(`told-${suffix()}`)
  await putSecret(names.receiver, { url: `${outside.url}/json`, hmac_key: key })
  await putSecret(names.chat, { url: `${outside.url}/services/T0/B0/${suffix()}` })
})

afterAll(async () => {
  for (const name of Object.values(names)) await deleteSecret(name)
  await subscriber.remove()
  outside.stop()
})

const about = (job_id: string, path = '/json') =>
  outside.received.filter((one) => one.body.includes(job_id) && one.path.startsWith(path))

const received = (job_id: string, event: string, path = '/json') =>
  eventually(`${event} of ${job_id} at ${path}`, async () => {
    const found = about(job_id, path).find(({ body, status }) => body.includes(`"${event}`) && status === 204)
    return found === undefined
      ? {
          seen:
            about(job_id)
              .map(({ body }) => body)
              .join() || 'nothing',
        }
      : { found }
  })

/** What a receiver does with its copy of the key: nothing of ours is in it. */
const verified = ({ headers, body }: Received): boolean => {
  const timestamp = String(headers['countersign-timestamp'])
  const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300
  const expected = createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')
  return fresh && headers['countersign-signature'] === `v1=${expected}`
}

const recorded = z.array(
  z.object({ type: z.string(), actor: z.string(), details: z.record(z.string(), z.json()) }),
)

/** What is on record of the notifications about a certificate, as an auditor asks for it. */
const outcomesOf = async (certificate_id: string, event_type: string) => {
  const dave = as('dave')
  const path = `/audit?action=notification_recorded&resource=${certificate_id}`
  const events = await dave.expect(recorded, 200, dave.get(path))
  return events
    .filter(({ details }) => details.event_type === event_type)
    .flatMap(({ details }) => outcomesIn({ details }))
    .map(({ channel, outcome }) => `${channel} ${outcome}`)
    .sort()
}

const toldOf = (certificate_id: string, event_type: string, outcomes: readonly string[]) =>
  eventually(`${outcomes.join(', ')} of ${event_type} of ${certificate_id}`, async () => {
    const seen = await outcomesOf(certificate_id, event_type)
    return outcomes.every((outcome) => seen.includes(outcome)) ? { found: seen } : { seen: seen.join(', ') }
  })

const envelope = z.object({
  Message: z.string(),
  Subject: z.string(),
  MessageAttributes: z.record(z.string(), z.object({ Value: z.string() })),
})

describe('a gated request', () => {
  it('is told to a webhook with a signature that verifies, to chat, and to the topic; so is its approval', async () => {
    const { job_id, approval_id, certificate_id } = await requestGated()
    const first = await received(job_id, 'approval_requested')
    expect(verified(first)).toBe(true)
    expect(verified({ ...first, body: first.body.replace('pending', 'decided') })).toBe(false)
    const notice = JSON.parse(first.body)
    expect(notice).toMatchObject({
      event: 'approval_requested',
      approval_id,
      certificate_id,
      urgency: 'action',
    })
    expect(notice.link).toMatch(new RegExp(`^https?://[^ ]+/api/v1/approvals/${approval_id}$`))
    expect(notice.concerned).toContainEqual({ id: 'pr-bob', name: 'bob', as: ['approvers'] })
    const chat = JSON.parse((await received(certificate_id, 'header', '/services')).body)
    expect(chat.blocks[0]).toMatchObject({ type: 'header', text: { text: 'Approval requested' } })

    await approve(approval_id)
    const second = await received(job_id, 'approval_approved')
    expect(verified(second)).toBe(true)
    expect(JSON.parse(second.body)).toMatchObject({
      actor: { id: 'pr-bob', name: 'bob' },
      approval_state: 'approved',
    })
    await jobCompleted(as('alice'), job_id)
    expect(
      await toldOf(certificate_id, 'approval_requested', ['email not_sent', 'receiver sent', 'chat sent']),
    ).toHaveLength(3)

    const [published] = await publishedAbout(certificate_id)
    expect(published?.MessageAttributes).toMatchObject({
      event: { Value: 'approval_requested' },
      profile_id: { Value: 'p-prod-web' },
      urgency: { Value: 'action' },
    })
    expect(JSON.parse(published?.Message ?? '{}')).toMatchObject({ id: notice.id })
  })

  it('leaves no token and no secret in any message, in the logs or in the environment', async () => {
    const lines = await linesOf(logGroupOf('worker-notify'))
    const variables = JSON.stringify(await variablesOf('worker-notify'))
    const sent = outside.received.map(({ body }) => body)
    expect(sent.length).toBeGreaterThan(0)
    const secrets = [key, outside.url, ...Object.values(stack.principals).map(({ api_key }) => api_key)]
    for (const secret of secrets)
      for (const text of [...lines, ...sent, variables]) expect(text).not.toContain(secret)
    for (const text of sent) expect(text).not.toMatch(/cs_|BEGIN|eyJ|receipt|task_?token/i)
  })
})

describe('a receiver', () => {
  it('that fails twice and then works is told once', async () => {
    const reason = `flaky-${suffix()}`
    refusals.set(reason, 2)
    const { job_id, certificate_id } = await requestGated({ reason })
    await toldOf(certificate_id, 'approval_requested', ['receiver sent'])
    const statuses = about(job_id).map(({ status }) => status)
    expect(statuses).toEqual([503, 503, 204])
    expect(new Set(about(job_id).map(({ headers }) => headers['countersign-event'])).size).toBe(1)
  })

  it('that never works: the message ends in the dead letters, and the failure is on record', async () => {
    const reason = `dead-${suffix()}`
    refusals.set(reason, 1000)
    const { job_id, certificate_id } = await requestGated({ reason })
    await toldOf(certificate_id, 'approval_requested', ['receiver failed'])
    expect(about(job_id).filter(({ status }) => status === 503)).toHaveLength(5)
    const QueueUrl = queueUrl('notify_dead_letters')
    const letter = await eventually(`${job_id} in the dead letters`, async () => {
      const { Messages = [] } = await clients.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1 }),
      )
      const found = Messages.find(({ Body }) => Body?.includes(job_id))
      return found === undefined ? { seen: `${Messages.length} others` } : { found }
    })
    expect(JSON.parse(letter.Body ?? '')).toEqual({ chain: job_id, sequence: 2 })
  })
})

/** What the topic's subscriber got about a certificate. */
async function publishedAbout(certificate_id: string) {
  const seen: z.infer<typeof envelope>[] = []
  return eventually(`${certificate_id} on the topic`, async () => {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: subscriber.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    )
    seen.push(...Messages.map(({ Body }) => envelope.parse(JSON.parse(Body ?? '{}'))))
    const found = seen.filter(({ Subject }) => Subject.includes(certificate_id))
    return found.length === 0 ? { seen: `${seen.length} others` } : { found }
  })
}

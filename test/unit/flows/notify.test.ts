import { describe, expect, it } from 'vitest'
import { noticeFor } from '../../../lib/flows/notice-for.ts'
import { notify } from '../../../lib/flows/notify.ts'
import { append, type Event } from '../../../lib/model/event.ts'
import { measuresOf } from '../../../lib/model/measures.ts'
import type { Notice } from '../../../lib/model/notice.ts'
import { outcomesIn as channelsIn, type EventPlace } from '../../../lib/model/notification.ts'
import { deliveries } from '../../../lib/model/queue.ts'
import { lineJobId } from '../../../lib/model/renewal-batch.ts'
import type { Webhook } from '../../../lib/model/webhook.ts'
import { signatureOf } from '../../../lib/model/webhook-signature.ts'
import type { WebhookCall } from '../../../lib/ports/notifications.ts'
import { batchApproved, batchAsked, issuedFor } from '../../support/batches.ts'
import { eventsIn } from '../../support/events.ts'
import { consoleUrl, makeFurnishedWorld, type World } from '../../support/world.ts'

const key = 'k'.repeat(32)
const hook: Webhook = { name: 'hook', shape: 'json', secret: 'countersign/hook' }

/** A world with one webhook, whose receiver answers as a test says. */
const makeToldWorld = async (webhook: Webhook = hook, policy: object = {}): Promise<World> => {
  const world = await makeFurnishedWorld(policy)
  world.outside.settings.webhooks.push(webhook)
  world.outside.secrets.set(webhook.secret, { secret: { url: 'https://hooks.example.com/x', hmac_key: key } })
  return world
}

const noticeIn = ({ body }: WebhookCall): Notice => JSON.parse(body)

const noticesOf = (world: World): readonly Notice[] => world.outside.calls.map(noticeIn)

/** What is on record of what was told, oldest first. */
const recordedIn = async (world: World): Promise<readonly Event[]> =>
  (await eventsIn(world, { action: 'notification_recorded' })).rows

const outcomes = async (world: World) =>
  (await recordedIn(world)).flatMap((entry) =>
    channelsIn(entry).map(({ channel, outcome }) => [entry.details.event_type, channel, outcome]),
  )

const asked = async (world: World): Promise<EventPlace> => {
  const { job_id } = await world.ask()
  await world.drain()
  const place = world.outside.queue.splice(0).find(({ chain }) => chain === job_id)
  if (place === undefined) throw new Error('nobody is told')
  return place
}

describe('a request that waits for approval', () => {
  it('is told again when people are reminded, and urgently when it is escalated', async () => {
    const stages = [{ name: 'security', quorum: 1, eligible: { principals: ['pr-bob'] } }]
    const escalates = { escalate_after: 'P2D', escalate_to: { principals: ['pr-erin'] } }
    const policy = { stages, remind_after: ['P1D'], ...escalates }
    const world = await makeToldWorld(hook, { approval_policy: policy })
    world.outside.queue.splice(0)
    const { approval_id } = await world.ask()
    for (const _ of ['a reminder', 'an escalation']) {
      world.pass(86_400)
      await world.sweep()
      await world.drain()
    }
    await world.tell()
    const told = noticesOf(world).filter((notice) => notice.approval_id === approval_id)
    expect(told.map(({ event, urgency }) => [event, urgency])).toEqual([
      ['approval_requested', 'action'],
      ['approval_reminded', 'action'],
      ['approval_escalated', 'urgent'],
    ])
  })

  it('that was a batch is told of to whoever asked, once, when all of its renewals are opened', async () => {
    const world = await makeToldWorld()
    for (const name of ['a', 'b', 'c']) await issuedFor(world, name)
    const { job_id } = await batchApproved(world, { profile_id: 'p-prod-web' })
    const taken = lineJobId({ job_id, index: 1 })
    world.table.write({ pk: `JOB#${taken}`, sk: 'JOB' })
    world.outside.queue.splice(0)
    world.outside.calls.splice(0)
    await world.drain()
    await world.tell()
    const told = noticesOf(world).filter(({ event }) => event === 'renewals_opened')
    expect(told).toMatchObject([
      {
        job_id,
        title: 'A batch of renewals was opened',
        urgency: 'routine',
        reason: '2 of 3 renewals were opened, 1 were skipped',
        concerned: [{ id: 'pr-alice', as: ['requester'] }],
      },
    ])
  })

  it('of a batch is told to those who may approve all of it: nobody who owns or brought any', async () => {
    const world = await makeToldWorld()
    const asked = await world.ask({ owner: 'erin@example.com' }, 'frank')
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.drain()
    await world.tell()
    const { approval_id } = await batchAsked(world, { profile_id: 'p-prod-web' })
    await world.drain()
    await world.tell()
    const notice = noticesOf(world).find((one) => one.approval_id === approval_id)
    expect(notice).toMatchObject({
      event: 'approval_requested',
      summary:
        'renew 1 certificates with the names that they have, under p-prod-web (1), of erin@example.com (1)',
      certificate_id: null,
      owner: 'pr-alice',
    })
    const asApprovers = notice?.concerned.filter(({ as }) => as.includes('approvers')).map(({ id }) => id)
    expect(asApprovers).toEqual(['pr-bob'])
  })

  it('is told to every channel, with whom it concerns by id and name, and nothing else of them', async () => {
    const world = await makeToldWorld()
    const { approval_id, certificate_id } = await world.ask({ owner: 'dave' })
    await world.drain()
    expect(await world.tell()).toEqual(['done'])
    const [notice] = noticesOf(world)
    expect(notice).toMatchObject({
      event: 'approval_requested',
      urgency: 'action',
      approval_id,
      certificate_id,
      profile_id: 'p-prod-web',
      requested_by: { id: 'pr-alice', name: 'alice' },
      owner: 'dave',
      approval_state: 'pending',
      ticket: null,
      link: `${consoleUrl}/api/v1/approvals/${approval_id}`,
    })
    expect(new Map(notice?.concerned.map(({ id, as }) => [id, as]))).toEqual(
      new Map([
        ['pr-alice', ['requester']],
        ['pr-bob', ['approvers']],
        ['pr-erin', ['approvers']],
        ['pr-frank', ['approvers']],
        ['pr-dave', ['owner']],
      ]),
    )
    expect(JSON.stringify(notice)).not.toContain('@example.com')
  })

  it('is signed over its timestamp and body, and named so that a receiver can tell it twice', async () => {
    const world = await makeToldWorld()
    await asked(world).then((place) => notify(world.telling, place, 1))
    const [call] = world.outside.calls
    const timestamp = Math.floor(world.now().getTime() / 1000)
    expect(call?.headers).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Countersign',
      'countersign-event': noticeIn(call ?? { url: '', headers: {}, body: '{}' }).id,
      'countersign-timestamp': String(timestamp),
      'countersign-signature': `v1=${signatureOf(key, { timestamp, body: call?.body ?? '' })}`,
    })
  })

  it('goes to the topic with what subscriptions filter by', async () => {
    const world = await makeToldWorld()
    world.outside.settings.emails = true
    await world.ask()
    await world.drain()
    await world.tell()
    const [message] = world.outside.topic
    expect(message?.attributes).toEqual({
      event: 'approval_requested',
      urgency: 'action',
      profile_id: 'p-prod-web',
      owner: 'pr-alice',
    })
    expect(message?.subject).toMatch(/^Countersign: Approval requested, mc-/)
    expect(message?.text).toContain(`${consoleUrl}/api/v1/approvals/ar-`)
    expect(await outcomes(world)).toEqual([
      ['approval_requested', 'email', 'sent'],
      ['approval_requested', 'hook', 'sent'],
    ])
  })
})

describe('what is on record of a notification', () => {
  it('is a chain of its own, by a system actor, on the resource that it was about', async () => {
    const world = await makeToldWorld()
    const place = await asked(world)
    const { job } = await world.jobOf(place.chain)
    await notify(world.telling, place, 1)
    const entries = await recordedIn(world)
    expect(entries.map((entry) => channelsIn(entry).length)).toEqual([2])
    for (const [index, entry] of entries.entries()) {
      expect(entry).toMatchObject({
        chain: `nt-${job.id}-2`,
        sequence: index + 1,
        actor: 'system-notify',
        actor_type: 'System',
        resource: job.certificate_id,
        job: null,
      })
      expect(measuresOf(entry)).toEqual(
        channelsIn(entry).map(({ channel, outcome }) => ({
          name: 'notifications_total',
          unit: 'Count',
          value: 1,
          dimensions: { channel, outcome },
        })),
      )
    }
    expect(world.table.rows.has(`NOTIFICATION#nt-${job.id}-2\u0000EVENT#00000001`)).toBe(true)
  })

  it('says not sent, and never sent, of a channel that is not configured', async () => {
    const world = await makeFurnishedWorld()
    await notify(world.telling, await asked(world), 1)
    expect(await outcomes(world)).toEqual([
      ['approval_requested', 'email', 'not_sent'],
      ['approval_requested', 'webhook', 'not_sent'],
    ])
  })

  it('says not sent of a webhook whose secret is not there', async () => {
    const world = await makeToldWorld()
    world.outside.secrets.clear()
    expect(await notify(world.telling, await asked(world), 1)).toBe('done')
    expect((await recordedIn(world)).flatMap(channelsIn).at(-1)).toMatchObject({
      channel: 'hook',
      outcome: 'not_sent',
      reason: 'there is no secret countersign/hook',
    })
    expect(world.outside.calls).toEqual([])
  })

  it('follows from nothing and is followed by nothing: nobody is told that somebody was told', async () => {
    const world = await makeToldWorld()
    await world.ask()
    await world.drain()
    await world.tell()
    await world.drain()
    expect(world.outside.queue).toEqual([])
  })
})

describe('a receiver', () => {
  const down = { delivered: false, reason: 'answered 503' } as const

  it('that fails twice and then works is told once, and the other channels were told once', async () => {
    const world = await makeToldWorld()
    world.outside.settings.emails = true
    const place = await asked(world)
    world.outside.answers.post = async () => down
    expect(await notify(world.telling, place, 1)).toBe('again')
    expect(await notify(world.telling, place, 2)).toBe('again')
    world.outside.answers.post = async () => ({ delivered: true })
    expect(await notify(world.telling, place, 3)).toBe('done')
    expect(await notify(world.telling, place, 4)).toBe('done')
    expect(world.outside.calls).toHaveLength(3)
    expect(world.outside.topic).toHaveLength(1)
    expect(await outcomes(world)).toEqual([
      ['approval_requested', 'email', 'sent'],
      ['approval_requested', 'hook', 'sent'],
    ])
  })

  it('that never answers is given up at the last delivery, with the reason on record, and tried again after that', async () => {
    const world = await makeToldWorld()
    const place = await asked(world)
    world.outside.answers.post = async () => down
    for (let attempt = 1; attempt < deliveries; attempt += 1)
      expect(await notify(world.telling, place, attempt)).toBe('again')
    expect(await notify(world.telling, place, deliveries)).toBe('given_up')
    expect((await recordedIn(world)).flatMap(channelsIn).at(-1)).toMatchObject({
      outcome: 'failed',
      reason: 'answered 503',
    })
    world.outside.answers.post = async () => ({ delivered: true })
    expect(await notify(world.telling, place, 1)).toBe('done')
    expect((await outcomes(world)).at(-1)).toEqual(['approval_requested', 'hook', 'sent'])
  })

  it('is told once of a message that is delivered again after it was done', async () => {
    const world = await makeToldWorld()
    const place = await asked(world)
    for (const attempt of [1, 1, 2]) await notify(world.telling, place, attempt)
    expect(world.outside.calls).toHaveLength(1)
  })

  it('is on record once, whole and unbroken, when two deliveries of one message overlap', async () => {
    const world = await makeToldWorld()
    const place = await asked(world)
    await Promise.all([1, 1, 1, 1].map((attempt) => notify(world.telling, place, attempt)))
    expect(await outcomes(world)).toEqual([
      ['approval_requested', 'email', 'not_sent'],
      ['approval_requested', 'hook', 'sent'],
    ])
  })

  it('that does not answer keeps no other from being told', async () => {
    const world = await makeToldWorld()
    const other: Webhook = { ...hook, name: 'other', secret: 'countersign/other' }
    world.outside.settings.webhooks.push(other)
    world.outside.secrets.set(other.secret, { secret: { url: 'https://b.example.com/', hmac_key: key } })
    world.outside.answers.post = async ({ url }) => (url.includes('hooks') ? down : { delivered: true })
    expect(await notify(world.telling, await asked(world), 1)).toBe('again')
    expect(await outcomes(world)).toContainEqual(['approval_requested', 'other', 'sent'])
  })

  it('that must verify is sent nothing without a key to verify with; one that cannot needs none', async () => {
    for (const [shape, calls] of [
      ['json', 0],
      ['servicenow', 0],
      ['jira', 0],
      ['slack', 1],
      ['teams', 1],
    ] as const) {
      const world = await makeToldWorld({ ...hook, shape })
      world.outside.secrets.set(hook.secret, { secret: { url: 'https://hooks.example.com/x' } })
      await notify(world.telling, await asked(world), 1)
      expect([shape, world.outside.calls.length]).toEqual([shape, calls])
    }
  })

  it('gets the headers that its secret has, beside ours', async () => {
    const world = await makeToldWorld()
    const headers = { authorization: 'Basic eA==' }
    world.outside.secrets.set(hook.secret, {
      secret: { url: 'https://x.example.com/', hmac_key: key, headers },
    })
    await notify(world.telling, await asked(world), 1)
    expect(world.outside.calls[0]?.headers).toMatchObject({ ...headers, 'content-type': 'application/json' })
  })
})

describe('a webhook', () => {
  it('that wants some events is told of those alone', async () => {
    const world = await makeToldWorld({ ...hook, events: ['approval_approved'] })
    const { approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    await world.tell()
    expect(noticesOf(world).map(({ event }) => event)).toEqual(['approval_approved'])
  })

  it('that wants what a team owns is not told of what no team owns', async () => {
    const world = await makeToldWorld({ ...hook, teams: ['payments'] })
    await notify(world.telling, await asked(world), 1)
    expect(world.outside.calls).toEqual([])
  })
})

describe('people are told', () => {
  it.each([
    ['approved', 'approval_approved', (world: World, id: string) => world.call('bob', 'approve', { id })],
    [
      'rejected',
      'approval_rejected',
      (world: World, id: string) => world.call('bob', 'reject', { id, body: { note: 'no' } }),
    ],
    [
      'withdrawn',
      'approval_withdrawn',
      (world: World, id: string) => world.call('alice', 'withdraw', { id }),
    ],
    [
      'expired',
      'approval_expired',
      async (world: World) => {
        world.pass(8 * 86_400)
        await world.tend()
      },
    ],
  ] as const)('that an approval was %s, its requester among them', async (state, type, decide) => {
    const world = await makeToldWorld()
    const { approval_id } = await world.ask()
    await decide(world, approval_id)
    await world.drain()
    await world.tell()
    const [told] = noticesOf(world).filter(({ event }) => event === type)
    expect(told?.approval_state).toBe(state)
    expect(told?.concerned).toContainEqual({ id: 'pr-alice', name: 'alice', as: ['requester', 'owner'] })
  })

  it('who were asked, and not those who decided, disagreed or may not', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    world.outside.settings.webhooks.push(hook)
    world.outside.secrets.set(hook.secret, { secret: { url: 'https://hooks.example.com/x', hmac_key: key } })
    const { approval_id, job_id } = await world.ask({ owner: 'erin' })
    await world.call('bob', 'approve', { id: approval_id })
    await notify(world.telling, { chain: job_id, sequence: 2 }, 1)
    const approvers = noticesOf(world)[0]?.concerned.filter(({ as }) => as.includes('approvers'))
    expect(approvers?.map(({ name }) => name)).toEqual(['frank'])
  })

  it('nothing of what has no row, nor of an event that is not there', async () => {
    const world = await makeToldWorld()
    const { job_id } = await world.made()
    expect(await notify(world.telling, { chain: job_id, sequence: 1 }, 1)).toBe('nobody_is_told')
    await expect(notify(world.telling, { chain: job_id, sequence: 99 }, 1)).rejects.toThrow('no event')
  })
})

describe('an event of a certificate', () => {
  const telling = { title: 'A certificate ends', urgency: 'routine', to: ['approvers', 'owner'] } as const

  const eventOf = (world: World, certificate_id: string, details: Event['details']): Event => {
    const draft = {
      type: 'certificate_issued',
      resource: certificate_id,
      job: null,
      actor: { id: 'system-test', type: 'System' },
      details,
    } as const
    const [made] = append(certificate_id, [], [draft], world.now())
    if (made === undefined) throw new Error('no event')
    return made
  }

  it('says whose it is, when it ends and what there is to do, and leads to it', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ name: 'Shop', owner: 'dave' })
    const told = eventOf(world, certificate_id, { deadline: '2026-05-01T00:00:00.000Z', urgency: 'critical' })
    const { certificate } = (await world.certificates.load(certificate_id)) ?? {}
    expect(await noticeFor(world.telling, told, telling)).toMatchObject({
      urgency: 'urgent',
      summary: `A certificate ends: Shop (${certificate_id})`,
      owner: 'dave',
      profile_id: 'p-dev-web',
      certificate_id,
      not_after: certificate?.not_after,
      deadline: '2026-05-01T00:00:00.000Z',
      job_id: null,
      link: `${consoleUrl}/api/v1/certificates/${certificate_id}`,
      concerned: [{ id: 'pr-dave', name: 'dave', as: ['owner'] }],
    })
  })

  it('that waits for an approval leads to that, and concerns those whose word is missing', async () => {
    const world = await makeToldWorld()
    const { certificate_id, job_id, approval_id } = await world.ask()
    const told = eventOf(world, certificate_id, { job_id, urgency: 'emergency' })
    const notice = await noticeFor(world.telling, told, telling)
    expect(notice).toMatchObject({
      urgency: 'emergency',
      approval_id,
      link: `${consoleUrl}/api/v1/approvals/${approval_id}`,
    })
    expect(notice.concerned).toContainEqual({ id: 'pr-bob', name: 'bob', as: ['approvers'] })
  })
})

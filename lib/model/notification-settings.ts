import * as z from 'zod'
import { deliveries } from './queue.ts'
import { webhook } from './webhook.ts'

/** Seconds until each further delivery of a message, after each that failed. SQS waits twelve hours at most. */
export const retryAfterSeconds = z.array(z.int().min(0).max(43_200)).length(deliveries - 1)

/** What the function that tells people knows of its stage. */
export const notificationSettings = z.strictObject({
  topic_arn: z.string().min(1),
  /** Whether anybody is subscribed by e-mail; their addresses are with SNS alone. */
  emails: z.boolean(),
  webhooks: z.array(webhook),
  /** Of the console, or of the API: where links lead. */
  url: z.url().transform((url) => url.replace(/\/$/, '')),
  retry_after_seconds: retryAfterSeconds,
  /** Plain HTTP to this machine. The stage `local` alone can have it. */
  loopback: z.boolean(),
})

export type NotificationSettings = Readonly<z.infer<typeof notificationSettings>>

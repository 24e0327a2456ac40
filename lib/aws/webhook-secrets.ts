import * as z from 'zod'
import { webhookSecret } from '../model/webhook.ts'
import type { WebhookSecrets } from '../ports/notifications.ts'
import { type AwsAccess, jsonCall } from './aws-call.ts'

type Found = Awaited<ReturnType<WebhookSecrets['get']>>

/** For how long a secret is remembered: a new one is taken up within it. */
const kept_ms = 60_000

const answered = z.object({ SecretString: z.string() })

/** Says which field is wrong, never what is in it. */
const secretIn = (text: string): Found => {
  const read = z
    .string()
    .transform((value, context) => {
      try {
        return JSON.parse(value) as unknown
      } catch {
        context.addIssue('JSON')
        return z.NEVER
      }
    })
    .pipe(webhookSecret)
    .safeParse(text)
  if (read.success) return { secret: read.data }
  const fields = [...new Set(read.error.issues.map(({ path }) => path[0] ?? 'its fields'))].map(String)
  return { failed: `the secret is not as it must be: ${fields.join(', ')}` }
}

/** Secrets of webhooks in Secrets Manager, each asked for once a minute at most. */
export const webhookSecrets = (access: AwsAccess, now: () => Date): WebhookSecrets => {
  const call = jsonCall('secretsmanager', access)
  const known = new Map<string, { readonly found: Found; readonly until: number }>()

  const ask = async (name: string): Promise<Found> => {
    try {
      return secretIn(answered.parse(await call('GetSecretValue', { SecretId: name })).SecretString)
    } catch (error) {
      const why = error instanceof Error ? error.name : 'fault'
      return why === 'ResourceNotFoundException' ? { missing: true } : { failed: `Secrets Manager: ${why}` }
    }
  }

  return {
    get: async (name) => {
      const kept = known.get(name)
      if (kept !== undefined && kept.until > now().getTime()) return kept.found
      const found = await ask(name)
      if ('secret' in found) known.set(name, { found, until: now().getTime() + kept_ms })
      return found
    },
  }
}

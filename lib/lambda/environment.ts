import * as z from 'zod'
import { pushTarget } from '../model/crl-push.ts'
import { oidcIssuer } from '../model/oidc-issuer.ts'

const text = z.string().min(1)

export const jsonOf = <T extends z.ZodType>(shape: T) =>
  z
    .string()
    .transform((value, context) => {
      try {
        return JSON.parse(value) as unknown
      } catch {
        context.addIssue('must be JSON')
        return z.NEVER
      }
    })
    .pipe(shape)

/** Every variable that the deployment gives to a function. A function asks for those it needs, and fails without. */
const variables = {
  AWS_REGION: text,
  AWS_ACCESS_KEY_ID: text,
  AWS_SECRET_ACCESS_KEY: text,
  STAGE: text,
  TABLE_NAME: text,
  TOKENS_TABLE_NAME: text,
  STATE_MACHINE_ARN: text,
  BUCKET_NAME: text,
  RESPONDER_KEY_ARN: text,
  STATUS_URL: z.url().transform((url) => url.replace(/\/$/, '')),
  ENVIRONMENT: text,
  RECEIPT_KEYS: jsonOf(z.strictObject({ decision: text, clock: text })),
  CRL_PUSH: jsonOf(z.array(pushTarget)),
  CA_KEYS: jsonOf(z.record(z.string(), text)),
  SIGNERS: jsonOf(z.array(text)),
  KEY_RATE: jsonOf(z.strictObject({ requests_per_second: z.number().min(1), burst: z.number().min(1) })),
  RENEWALS_PER_SWEEP: jsonOf(z.int().min(1)),
  OIDC_ISSUERS: jsonOf(z.array(oidcIssuer)),
  PCA_AUTHORITIES: jsonOf(z.record(z.string(), text)),
  QUEUE_URLS: jsonOf(z.strictObject({ kms: text, 'acm-pca': text, apply: text, status: text, notify: text })),
} as const

type Variables = typeof variables

/** A variable that one function alone has, by a schema of its own. */
export const variable = <T extends z.ZodType>(name: string, shape: T): z.output<T> => {
  const read = shape.safeParse(process.env[name])
  if (!read.success) throw new Error(`environment variable ${name}: ${z.prettifyError(read.error)}`)
  return read.data
}

/** The value of one variable, read at cold start. */
export const environment = <Name extends keyof Variables>(name: Name): z.output<Variables[Name]> =>
  variable(name, variables[name]) as z.output<Variables[Name]>

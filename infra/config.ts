import * as z from 'zod'
import { pushTarget } from '../lib/model/crl-push.ts'
import { retryAfterSeconds } from '../lib/model/notification-settings.ts'
import { oidcIssuer } from '../lib/model/oidc-issuer.ts'
import { webhook } from '../lib/model/webhook.ts'

/** What KMS makes that our CAs sign with. */
const keySpecs = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'RSA_3072', 'RSA_4096'] as const

/** What KMS makes besides: a key can be had, but no issuer made with it before relying parties verify it. */
const postQuantumSpecs = ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'] as const

const keySpec = z.enum([...keySpecs, ...postQuantumSpecs])

const keyName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/)

const keyArn = z.string().regex(/^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/(mrk-)?[0-9a-f-]+$/)

const rate = z.string().regex(/^rate\(([1-9]\d*) (minute|minutes|hour|hours)\)$/)

/** Channels that every stage has, by what records call them. */
const reserved: ReadonlySet<string> = new Set(['email', 'webhook'])

/** How people are told what waits for them and what went wrong. */
const notifications = z.strictObject({
  /** Addresses that SNS asks to confirm, and then writes to. */
  emails: z.array(z.email()),
  webhooks: z
    .array(webhook)
    .max(10)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two webhooks have one name')
    .refine(
      (all) => !all.some(({ name }) => reserved.has(name)),
      'a webhook has the name of another channel',
    ),
  retry_after_seconds: retryAfterSeconds,
  /** Webhooks over plain HTTP, to this machine alone: for receivers beside a local stack. */
  loopback: z.boolean(),
})

/** Capacity units by the second, of the table and of each of its indexes. */
const units = z
  .strictObject({ minimum: z.int().min(1), maximum: z.int().max(40_000) })
  .refine(({ minimum, maximum }) => minimum <= maximum, 'the maximum is less than the minimum')

/** How the table is paid for: by the request, or by the hour for what it could take. */
const table = z.discriminatedUnion('capacity', [
  z.strictObject({ capacity: z.literal('on_demand') }),
  z.strictObject({
    capacity: z.literal('provisioned'),
    read: units,
    write: units,
    /** How much of the capacity is meant to be used, in percent: more of it is bought above, and given up below. */
    target_utilization: z.int().min(20).max(90),
  }),
])

const stage = z
  .strictObject({
    name: z.enum(['local', 'dev', 'prod']),
    /** A production stage keeps what it stores and refuses to be deleted. */
    production: z.boolean(),
    /** Nobody decides on anything: for development alone (SPEC: approval bypass). */
    approval_bypass: z.boolean(),
    /** The table that a backup was restored into, in place of the stage's own; null: its own. */
    restored_table: z
      .strictObject({
        name: z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/),
        stream_arn: z.string().regex(/^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table\/[^/]+\/stream\/.+$/),
      })
      .refine(
        ({ name, stream_arn }) => stream_arn.includes(`:table/${name}/`),
        'the stream is of another table',
      )
      .nullable(),
    /** What the stage's own table can take; a restored one keeps what it was restored with. */
    table,
    /** CA keys by the name that `POST /issuers` uses for them. */
    ca_keys: z.record(keyName, keySpec),
    /** CA keys of another account, in the same region: ARNs, by the name that `POST /issuers` uses for them. */
    ca_key_arns: z.record(keyName, keyArn),
    /** Lets `ca_keys` have ML-DSA keys, with which nothing is signed yet. */
    post_quantum_keys: z.boolean(),
    /** How long KMS waits before it deletes a key for good. */
    key_deletion_days: z.int().min(7).max(30),
    /** Certificate authorities of AWS Private CA: ARNs, by the name that issuers have for them. */
    pca_authorities: z.record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
      z.string().regex(/^arn:[a-z-]+:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority\/[0-9a-f-]+$/),
    ),
    /** AWS services that fetch no CRL and are given those of an issuer: trust anchors, trust stores. */
    crl_push: z.array(pushTarget),
    /** What relying parties are told; null: the CloudFront domain, over plain HTTP. */
    status_url: z.url().nullable(),
    /** The domain of `status_url`, with a certificate in us-east-1. */
    status_domain: z.strictObject({ name: z.hostname(), certificate_arn: z.string() }).nullable(),
    schedules: z.strictObject({ tend: rate, refresh: rate, renew: rate }),
    /** How many certificates one sweep over renewals looks after: what it catches up with after an outage. */
    renewals_per_sweep: z.int().min(1).max(1000),
    log_retention_days: z.union([z.literal(7), z.literal(30), z.literal(365)]),
    log_level: z.enum(['DEBUG', 'INFO', 'WARN']),
    throttle: z.strictObject({ requests_per_second: z.int().min(1), burst: z.int().min(1) }),
    /** Of one credential, in one instance of one function: against clients that run away. */
    key_rate: z.strictObject({ requests_per_second: z.int().min(1), burst: z.int().min(1) }),
    /** Whose tokens are taken beside API keys. */
    oidc_issuers: z.array(oidcIssuer),
    /** The origins whose scripts may call the API from a browser. */
    cors_origins: z.array(z.url({ protocol: /^https?$/ })),
    notifications,
    /** Where links in notifications lead; null: the API. */
    console_url: z.url({ protocol: /^https?$/ }).nullable(),
  })
  .refine((it) => it.production === (it.name === 'prod'), 'prod, and only prod, is a production stage')
  .refine((it) => !(it.production && it.approval_bypass), 'a production stage never bypasses approvals')
  .refine(
    (it) =>
      it.post_quantum_keys ||
      !Object.values(it.ca_keys).some((spec) => (postQuantumSpecs as readonly string[]).includes(spec)),
    'ML-DSA keys need post_quantum_keys',
  )
  .refine(
    (it) => Object.keys(it.ca_key_arns).every((name) => !Object.hasOwn(it.ca_keys, name)),
    'a CA key is in this account (ca_keys) or in another one (ca_key_arns), not in both',
  )
  .refine((it) => it.status_domain === null || it.status_url !== null, 'a status_domain needs its status_url')
  .refine(
    (it) => it.name === 'local' || !it.notifications.loopback,
    'only the stage local has webhooks on its own machine',
  )
  .refine(
    (it) =>
      !it.production ||
      it.oidc_issuers.every((one) => `${one.issuer} ${one.jwks_url}`.split('https:').length === 3),
    'a production stage takes its OIDC issuers over https alone',
  )

export type Stage = Readonly<z.infer<typeof stage>>

const shared = {
  approval_bypass: false,
  restored_table: null,
  table: { capacity: 'on_demand' },
  ca_keys: { root: 'ECC_NIST_P256', issuing: 'ECC_NIST_P256' },
  ca_key_arns: {},
  post_quantum_keys: false,
  pca_authorities: {},
  crl_push: [],
  key_deletion_days: 7,
  status_url: null,
  status_domain: null,
  schedules: { tend: 'rate(1 minute)', refresh: 'rate(15 minutes)', renew: 'rate(1 minute)' },
  renewals_per_sweep: 300,
  log_level: 'INFO',
  throttle: { requests_per_second: 100, burst: 200 },
  key_rate: { requests_per_second: 50, burst: 100 },
  oidc_issuers: [],
  cors_origins: [],
  // A receiver that is down for an hour and a half is told all the same.
  notifications: { emails: [], webhooks: [], retry_after_seconds: [60, 240, 960, 3840], loopback: false },
  console_url: null,
} as const

const stages = {
  local: {
    ...shared,
    name: 'local',
    production: false,
    log_retention_days: 7,
    key_rate: { requests_per_second: 1000, burst: 2000 },
    notifications: { ...shared.notifications, retry_after_seconds: [1, 1, 1, 1], loopback: true },
  },
  dev: { ...shared, name: 'dev', production: false, log_retention_days: 30 },
  prod: { ...shared, name: 'prod', production: true, key_deletion_days: 30, log_retention_days: 365 },
} as const

export const stageNames = ['local', 'dev', 'prod'] as const

/** What `-c name=…` gives as JSON, for stages that are tried with something of their own. */
const json = z.string().transform((text): unknown => JSON.parse(text))

const context = z.object({
  stage: z.enum(stageNames).default('dev'),
  approval_bypass: z.stringbool({ truthy: ['true'], falsy: ['false'] }).optional(),
  /** A status site under another URL than CloudFront's own, as the local edge is. */
  status_url: z.url().optional(),
  oidc_issuers: json.optional(),
  restored_table: json.optional(),
  /** JSON, for stages that try another kind of capacity. */
  table: json.optional(),
  ca_keys: json.optional(),
  ca_key_arns: json.optional(),
  /** JSON, for stages that are tried with an authority of their own. */
  pca_authorities: json.optional(),
  /** JSON, of which each field replaces what the stage has. */
  notifications: json.optional(),
  /** JSON, for stages whose lists are given to others on a trial. */
  crl_push: json.optional(),
})

/** What a stage has of a setting, with what is given besides. */
const over = (there: object, given: unknown): unknown =>
  typeof given === 'object' && given !== null ? { ...there, ...given } : there

/** The stage that `cdk -c stage=… -c status_url=…` names, or an error that says what is wrong with it. */
export function stageOf(given: unknown): Stage {
  const { stage: name, notifications: channels, ...given_too } = context.parse(given)
  const also = Object.entries(given_too).filter(([, value]) => value !== undefined)
  const told = over(stages[name].notifications, channels)
  return stage.parse({ ...stages[name], ...Object.fromEntries(also), notifications: told })
}

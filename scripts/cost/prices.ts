/**
 * What AWS asks in us-east-1, on demand, in US dollars, without discounts. Each
 * row names the page that says so. `per` is how many units the price is for,
 * `always` how many of them a month an account does not pay for, as the same
 * page says, for as long as it exists; what is free for its first year or by
 * credits is not here. KMS leaves asymmetric keys out, DynamoDB what is asked of
 * it on demand; three dashboards are of at most fifty metrics each.
 */
export const pricesAsOf = '2026-06'

const page = (path: string, more = ''): string =>
  `https://aws.amazon.com/${path}/pricing/${more === '' ? '' : `${more}/`}`

/** A month here has thirty days. */
const hours = 30 * 24

const million = 1_000_000

export const prices = {
  write_units: { usd: 0.625, per: million, says: 'DynamoDB write request units', from: page('dynamodb') },
  read_units: { usd: 0.125, per: million, says: 'DynamoDB read request units', from: page('dynamodb') },
  write_unit_hours: {
    usd: 0.00065,
    per: 1,
    always: 25 * hours,
    says: 'DynamoDB write capacity, unit-hours',
    from: page('dynamodb', 'provisioned'),
  },
  read_unit_hours: {
    usd: 0.00013,
    per: 1,
    always: 25 * hours,
    says: 'DynamoDB read capacity, unit-hours',
    from: page('dynamodb', 'provisioned'),
  },
  table_gb_months: {
    usd: 0.25,
    per: 1,
    always: 25,
    says: 'DynamoDB storage, indexes too',
    from: page('dynamodb'),
  },
  backup_gb_months: { usd: 0.2, per: 1, says: 'DynamoDB point-in-time recovery', from: page('dynamodb') },
  lambda_requests: {
    usd: 0.2,
    per: million,
    always: million,
    says: 'Lambda invocations',
    from: page('lambda'),
  },
  lambda_gb_seconds: {
    usd: 0.0000133334,
    per: 1,
    always: 400_000,
    says: 'Lambda GB-seconds, arm64',
    from: page('lambda'),
  },
  http_requests: { usd: 1, per: million, says: 'API Gateway requests, HTTP API', from: page('api-gateway') },
  sqs_requests: {
    usd: 0.4,
    per: million,
    always: million,
    says: 'SQS requests, standard queues',
    from: page('sqs'),
  },
  transitions: {
    usd: 0.025,
    per: 1000,
    always: 4000,
    says: 'Step Functions transitions',
    from: page('step-functions'),
  },
  express_requests: {
    usd: 1,
    per: million,
    says: 'Step Functions requests, express',
    from: page('step-functions'),
  },
  express_gb_seconds: {
    usd: 0.00001667,
    per: 1,
    says: 'Step Functions GB-seconds, express',
    from: page('step-functions'),
  },
  ecc_requests: { usd: 0.15, per: 10_000, says: 'KMS requests with ECC keys', from: page('kms') },
  kms_requests: {
    usd: 0.03,
    per: 10_000,
    always: 20_000,
    says: 'KMS requests with symmetric keys',
    from: page('kms'),
  },
  key_months: { usd: 1, per: 1, says: 'KMS keys', from: page('kms') },
  s3_puts: { usd: 0.005, per: 1000, says: 'S3 PUT requests', from: page('s3') },
  s3_gets: { usd: 0.0004, per: 1000, says: 'S3 GET and HEAD requests', from: page('s3') },
  log_gigabytes: { usd: 0.5, per: 1, always: 5, says: 'CloudWatch Logs, taken in', from: page('cloudwatch') },
  log_gb_months: { usd: 0.03, per: 1, says: 'CloudWatch Logs, kept', from: page('cloudwatch') },
  metric_months: {
    usd: 0.3,
    per: 1,
    always: 10,
    says: 'CloudWatch metrics of our own',
    from: page('cloudwatch'),
  },
  alarm_months: { usd: 0.1, per: 1, always: 10, says: 'CloudWatch alarms', from: page('cloudwatch') },
  dashboard_months: { usd: 3, per: 1, always: 3, says: 'CloudWatch dashboards', from: page('cloudwatch') },
  schedule_invocations: {
    usd: 1,
    per: million,
    always: 14 * million,
    says: 'EventBridge Scheduler',
    from: page('eventbridge'),
  },
  topic_requests: { usd: 0.5, per: million, always: million, says: 'SNS publications', from: page('sns') },
  edge_requests: {
    usd: 0.0075,
    per: 10_000,
    always: 10 * million,
    says: 'CloudFront HTTP requests',
    from: page('cloudfront'),
  },
} as const

export type Priced = keyof typeof prices

/** How much is used of what. */
export type Usage = Readonly<Partial<Record<Priced, number>>>

const names = Object.keys(prices).filter((name): name is Priced => Object.hasOwn(prices, name))

export type BillRow = {
  readonly name: Priced
  readonly says: string
  readonly quantity: number
  readonly usd: number
}

const alwaysFree = (name: Priced): number => {
  const price = prices[name]
  return 'always' in price ? price.always : 0
}

/** What of a month's usage is paid for by an account that uses nothing else. */
export const beyondAllowances = (usage: Usage): Usage =>
  Object.fromEntries(names.map((name) => [name, Math.max(0, (usage[name] ?? 0) - alwaysFree(name))]))

/** What a usage costs, dearest first. */
export function bill(usage: Usage): readonly BillRow[] {
  return names
    .map((name) => {
      const { usd, per, says } = prices[name]
      const quantity = usage[name] ?? 0
      return { name, says, quantity, usd: (quantity / per) * usd }
    })
    .filter(({ quantity }) => quantity > 0)
    .sort((a, b) => b.usd - a.usd)
}

export const totalOf = (usage: Usage): number => bill(usage).reduce((sum, { usd }) => sum + usd, 0)

export const times = (usage: Usage, factor: number): Usage =>
  Object.fromEntries(
    names.flatMap((name) => (usage[name] === undefined ? [] : [[name, usage[name] * factor]])),
  )

export const sumOf = (...usages: readonly Usage[]): Usage =>
  Object.fromEntries(
    names.flatMap((name) => {
      const quantity = usages.reduce((sum, usage) => sum + (usage[name] ?? 0), 0)
      return quantity === 0 ? [] : [[name, quantity]]
    }),
  )

/** AWS Private CA, by the month: https://aws.amazon.com/private-ca/pricing/ */
export const privateCa = {
  general_purpose: (certificates: number): number =>
    400 +
    Math.min(certificates, 1000) * 0.75 +
    Math.min(Math.max(certificates - 1000, 0), 9000) * 0.35 +
    Math.max(certificates - 10_000, 0) * 0.001,
  short_lived: (certificates: number): number => 50 + certificates * 0.058,
} as const

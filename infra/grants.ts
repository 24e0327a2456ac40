/** An index of the table; what is in each is said in lib/aws/lists.ts. */
export const indexes = ['gsi1', 'gsi2', 'gsi3', 'gsi4', 'gsi5', 'gsi6'] as const

export type Index = (typeof indexes)[number]

export type Resource =
  | 'table'
  | Index
  | 'tokens'
  | 'ca-keys'
  | 'decision-key'
  | 'clock-key'
  | 'sealing-key'
  | 'status-bucket'
  | 'status-objects'
  | 'published-lists'
  | 'pushed-lists'
  | 'roles-anywhere'
  | 'roles-anywhere-crls'
  | 'trust-stores'
  | 'workflow'
  | 'authorities'
  | 'queue-kms'
  | 'queue-acm-pca'
  | 'queue-apply'
  | 'queue-status'
  | 'queue-notify'
  | 'notification-topic'
  | 'webhook-secrets'

export type Grant = {
  readonly on: Resource
  readonly actions: readonly string[]
  /** The partition keys (`dynamodb:LeadingKeys`) it is limited to. */
  readonly keys?: readonly string[]
}

export type Variable =
  | 'KEY_RATE'
  | 'OIDC_ISSUERS'
  | 'RENEWALS_PER_SWEEP'
  | 'CA_KEYS'
  | 'SIGNERS'
  | 'RECEIPT_KEYS'
  | 'STATUS_URL'
  | 'TOKENS_TABLE_NAME'
  | 'STATE_MACHINE_ARN'
  | 'QUEUE_URLS'
  | 'PCA_AUTHORITIES'
  | 'BUCKET_NAME'
  | 'RESPONDER_KEY_ARN'
  | 'NOTIFICATIONS'
  | 'CRL_PUSH'

export type Row = {
  readonly file: string
  readonly purpose: string
  /** Of functions that share a role: its name. */
  readonly role?: 'signer'
  readonly memory: number
  readonly timeout_seconds: number
  readonly variables: readonly Variable[]
  readonly may: readonly Grant[]
  /** The setting without which a stage does not have the function at all, nor its role. */
  readonly setting?: 'crl_push'
}

export const reads = {
  item: 'dynamodb:GetItem',
  items: 'dynamodb:BatchGetItem',
  partition: 'dynamodb:Query',
  /** Of a transaction: a step may hang on a rule that it cannot change. */
  condition: 'dynamodb:ConditionCheckItem',
} as const

/** What is read of the table, by how lib/aws/table-client.ts reads it. */
export function readTable(...kinds: readonly (keyof typeof reads)[]): Grant {
  return { on: 'table', actions: kinds.map((kind) => reads[kind]) }
}

export function list(...on: readonly Index[]): readonly Grant[] {
  return on.map((index) => ({ on: index, actions: ['dynamodb:Query'] }))
}

/** Rows that are written whole, by the kind of their partition key. */
export function writeTable(...kinds: readonly string[]): Grant {
  return { on: 'table', actions: ['dynamodb:PutItem'], keys: kinds.map((kind) => `${kind}#*`) }
}

/** The public halves, asked of KMS itself: whoever could write them elsewhere could forge a decision. */
export const verifyReceipts: readonly Grant[] = [
  { on: 'decision-key', actions: ['kms:GetPublicKey'] },
  { on: 'clock-key', actions: ['kms:GetPublicKey'] },
]

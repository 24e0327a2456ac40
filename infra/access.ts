import { list, type Row, reads, readTable, verifyReceipts, writeTable } from './grants.ts'

/**
 * What each function may do, and nothing else: one row a function, one role a
 * row, save the two that sign with CA keys and share one. The stacks build the
 * roles from these rows (`roles.ts`), and the template test checks the
 * synthesized template against them.
 */

/** Every function of the API keeps who was refused, and when a credential was last used. */
const entered = 'ACCESS'
const api = { memory: 512, timeout_seconds: 15 }
const queue = { memory: 512, timeout_seconds: 30 }

export const access = {
  'api-read': {
    ...api,
    file: 'functions/api/read.ts',
    purpose: 'Answers every GET',
    variables: ['KEY_RATE', 'OIDC_ISSUERS', 'RECEIPT_KEYS'],
    may: [
      readTable('item', 'items', 'partition'),
      ...list('gsi1', 'gsi2', 'gsi3', 'gsi4', 'gsi6'),
      writeTable(entered, 'CURSOR'),
      ...verifyReceipts,
    ],
  },
  'api-submit': {
    ...api,
    file: 'functions/api/submit.ts',
    purpose: 'Turns requests for certificates into jobs; reaches no key',
    variables: ['STATUS_URL', 'KEY_RATE', 'OIDC_ISSUERS'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      ...list('gsi1', 'gsi2', 'gsi3', 'gsi4', 'gsi6'),
      writeTable(entered, 'JOB', 'CERTIFICATE', 'IDEMPOTENCY', 'REVOCATION', 'BATCH'),
      // Gives away places under standing grants; what was signed in them is not its to write.
      writeTable('USE'),
    ],
  },
  'api-rules': {
    ...api,
    file: 'functions/api/rules.ts',
    purpose:
      'Turns proposals of new rules (profiles, issuers) into jobs; may read public keys, sign with none',
    variables: ['STATUS_URL', 'CA_KEYS', 'PCA_AUTHORITIES', 'KEY_RATE', 'OIDC_ISSUERS'],
    may: [
      readTable('item', 'items', 'condition'),
      ...list('gsi6'),
      writeTable(entered, 'JOB', 'IDEMPOTENCY'),
      { on: 'ca-keys', actions: ['kms:GetPublicKey'] },
      { on: 'authorities', actions: ['acm-pca:GetCertificateAuthorityCertificate'] },
    ],
  },
  'api-decide': {
    ...api,
    file: 'functions/api/decide.ts',
    purpose: 'Records approvals, rejections, withdrawals; reaches no CA key and no workflow',
    variables: ['RECEIPT_KEYS', 'KEY_RATE', 'OIDC_ISSUERS'],
    may: [
      readTable('item', 'items', 'partition'),
      // A word counts only while whoever gives it, and whoever it is given for, are who they were when it was judged.
      { on: 'table', actions: [reads.condition], keys: ['PRINCIPAL#*'] },
      writeTable(entered, 'JOB', 'IDEMPOTENCY', 'GRANT'),
      { on: 'decision-key', actions: ['kms:Sign'] },
    ],
  },
  'api-administer': {
    ...api,
    file: 'functions/api/administer.ts',
    purpose: 'Changes who may do what, or asks a second person to; reaches no key',
    variables: ['KEY_RATE', 'OIDC_ISSUERS'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      ...list('gsi6'),
      writeTable(entered, 'PRINCIPAL', 'SUBJECT', 'JOB', 'IDEMPOTENCY'),
    ],
  },
  'workflow-park': {
    memory: 512,
    timeout_seconds: 15,
    file: 'functions/workflow/park.ts',
    purpose: 'Puts a task token where only the relay can read it',
    variables: ['TOKENS_TABLE_NAME'],
    may: [{ on: 'tokens', actions: ['dynamodb:PutItem'] }],
  },
  'workflow-refuse': {
    memory: 512,
    timeout_seconds: 15,
    file: 'functions/workflow/refuse.ts',
    purpose: 'Records that the workflow was woken without a valid decision',
    variables: [],
    may: [readTable('partition'), writeTable('JOB')],
  },
  relay: {
    memory: 512,
    timeout_seconds: 30,
    file: 'functions/relay.ts',
    purpose: 'Carries out what follows from an event',
    variables: ['TOKENS_TABLE_NAME', 'STATE_MACHINE_ARN', 'QUEUE_URLS'],
    may: [
      readTable('partition'),
      { on: 'tokens', actions: ['dynamodb:GetItem', 'dynamodb:DeleteItem'] },
      { on: 'workflow', actions: ['states:StartExecution', 'states:SendTaskSuccess'] },
      { on: 'queue-kms', actions: ['sqs:SendMessage'] },
      { on: 'queue-acm-pca', actions: ['sqs:SendMessage'] },
      { on: 'queue-apply', actions: ['sqs:SendMessage'] },
      { on: 'queue-status', actions: ['sqs:SendMessage'] },
      { on: 'queue-notify', actions: ['sqs:SendMessage'] },
    ],
  },
  'worker-kms': {
    ...queue,
    file: 'functions/workers/kms.ts',
    role: 'signer',
    purpose: 'Signs certificates with CA keys',
    variables: ['CA_KEYS', 'RECEIPT_KEYS', 'STATUS_URL'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      writeTable('JOB', 'CERTIFICATE', 'SERIAL', 'ISSUER', 'SPENT'),
      { on: 'ca-keys', actions: ['kms:Sign'] },
      ...verifyReceipts,
    ],
  },
  'worker-acm-pca': {
    ...queue,
    file: 'functions/workers/acm-pca.ts',
    // A batch may hold five revocations that each take five seconds and more.
    timeout_seconds: 60,
    purpose: 'Orders certificates of AWS Private CA, holds them against what was approved, and revokes them',
    variables: ['PCA_AUTHORITIES', 'STATUS_URL', 'QUEUE_URLS', 'RECEIPT_KEYS'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      writeTable('JOB', 'CERTIFICATE', 'SERIAL', 'SPENT'),
      {
        on: 'authorities',
        actions: ['acm-pca:IssueCertificate', 'acm-pca:GetCertificate', 'acm-pca:RevokeCertificate'],
      },
      // Itself, later: AWS takes its time, and nobody waits for it.
      { on: 'queue-acm-pca', actions: ['sqs:SendMessage'] },
      ...verifyReceipts,
    ],
  },
  'worker-apply': {
    ...queue,
    // Revocations in bulk run for ten seconds at a time, and a batch may hold ten of them.
    timeout_seconds: 120,
    file: 'functions/workers/apply.ts',
    purpose: 'Carries out jobs that need no signature',
    variables: ['RECEIPT_KEYS', 'STATUS_URL'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      writeTable('JOB', 'CERTIFICATE', 'SERIAL', 'CRL', 'PROFILE', 'ISSUER', 'GRANT', 'PRINCIPAL', 'SUBJECT'),
      ...verifyReceipts,
    ],
  },
  'worker-publish-status': {
    ...queue,
    timeout_seconds: 60,
    file: 'functions/workers/publish-status.ts',
    role: 'signer',
    purpose: 'Signs CRLs and responder certificates, and puts them where relying parties look',
    variables: ['CA_KEYS', 'STATUS_URL', 'BUCKET_NAME', 'RESPONDER_KEY_ARN'],
    may: [
      readTable('item', 'partition'),
      ...list('gsi6'),
      writeTable('CRL', 'RESPONDER'),
      { on: 'ca-keys', actions: ['kms:Sign'] },
      { on: 'sealing-key', actions: ['kms:Encrypt'] },
      // Without ListBucket, S3 answers 403 and not 404 for an object that is not there yet.
      { on: 'status-bucket', actions: ['s3:ListBucket'] },
      { on: 'status-objects', actions: ['s3:GetObject', 's3:PutObject'] },
    ],
  },
  'worker-notify': {
    ...queue,
    timeout_seconds: 60,
    file: 'functions/workers/notify.ts',
    purpose: 'Tells people what happened, by e-mail and webhooks; changes nothing but the record of it',
    variables: ['NOTIFICATIONS', 'QUEUE_URLS'],
    may: [
      readTable('item', 'partition'),
      ...list('gsi6'),
      writeTable('NOTIFICATION'),
      { on: 'notification-topic', actions: ['sns:Publish'] },
      { on: 'webhook-secrets', actions: ['secretsmanager:GetSecretValue'] },
      // A message whose receiver does not answer waits longer each time.
      { on: 'queue-notify', actions: ['sqs:ChangeMessageVisibility'] },
    ],
  },
  'worker-push-crl': {
    // A list is held in memory, as octets and as text.
    memory: 1024,
    timeout_seconds: 60,
    file: 'functions/workers/push-crl.ts',
    purpose: 'Gives published CRLs to AWS services that fetch none; signs nothing and writes no list',
    setting: 'crl_push',
    variables: ['CRL_PUSH', 'BUCKET_NAME'],
    may: [
      { on: 'table', actions: ['dynamodb:GetItem'], keys: ['ISSUER#*', 'PUSH#*'] },
      { on: 'table', actions: ['dynamodb:Query', 'dynamodb:PutItem'], keys: ['PUSH#*'] },
      { on: 'status-bucket', actions: ['s3:ListBucket'] },
      { on: 'published-lists', actions: ['s3:GetObject'] },
      // Load balancers read a list with the rights of whoever names it to them.
      { on: 'pushed-lists', actions: ['s3:GetObject', 's3:PutObject'] },
      { on: 'roles-anywhere', actions: ['rolesanywhere:ImportCrl', 'rolesanywhere:ListCrls'] },
      { on: 'roles-anywhere-crls', actions: ['rolesanywhere:UpdateCrl'] },
      {
        on: 'trust-stores',
        actions: [
          'elasticloadbalancing:AddTrustStoreRevocations',
          'elasticloadbalancing:RemoveTrustStoreRevocations',
        ],
      },
    ],
  },
  'status-ocsp': {
    memory: 256,
    timeout_seconds: 5,
    file: 'functions/status/ocsp.ts',
    purpose: 'Answers OCSP with a delegated key; reaches no CA key',
    variables: ['RESPONDER_KEY_ARN'],
    may: [
      {
        on: 'table',
        actions: ['dynamodb:GetItem'],
        keys: ['SERIAL#*', 'RESPONDER#*', 'OCSP#*'],
      },
      // An answer is kept only while the serial that it is about is the one that was read.
      { on: 'table', actions: ['dynamodb:ConditionCheckItem'], keys: ['SERIAL#*'] },
      { on: 'table', actions: ['dynamodb:PutItem'], keys: ['OCSP#*'] },
      { on: 'sealing-key', actions: ['kms:Decrypt'] },
    ],
  },
  'schedule-tend': {
    memory: 512,
    timeout_seconds: 60,
    file: 'functions/schedule/tend.ts',
    purpose: 'Expires, reclaims and re-touches what stands still',
    variables: ['RECEIPT_KEYS'],
    may: [
      readTable('items', 'partition'),
      ...list('gsi3', 'gsi5'),
      writeTable('JOB'),
      // Touching: a job that stands still is told again to the relay.
      { on: 'table', actions: ['dynamodb:UpdateItem'], keys: ['JOB#*'] },
      { on: 'clock-key', actions: ['kms:Sign'] },
    ],
  },
  'schedule-renew': {
    memory: 512,
    timeout_seconds: 60,
    file: 'functions/schedule/renew.ts',
    purpose: 'Opens the renewals that are due, as anybody may ask for them; reaches no key',
    variables: ['STATUS_URL', 'RENEWALS_PER_SWEEP'],
    may: [
      readTable('item', 'items', 'partition', 'condition'),
      // Whether a team has people who could approve what it is asked for.
      ...list('gsi5', 'gsi6'),
      writeTable('JOB', 'CERTIFICATE', 'RENEWAL', 'USE'),
      // Putting off what nobody could look after.
      { on: 'table', actions: ['dynamodb:UpdateItem'], keys: ['CERTIFICATE#*'] },
    ],
  },
  'watch-key-use': {
    memory: 256,
    timeout_seconds: 30,
    file: 'functions/watch/key-use.ts',
    purpose: 'Holds each use of a CA key that CloudTrail tells of against the record; reaches no key',
    variables: ['CA_KEYS', 'SIGNERS'],
    may: [
      { on: 'table', actions: ['dynamodb:GetItem'], keys: ['JOB#*', 'CRL#*'] },
      { on: 'table', actions: ['dynamodb:Query'], keys: ['KEYUSE#*'] },
      writeTable('KEYUSE'),
    ],
  },
} as const satisfies Record<string, Row>

export type FunctionId = keyof typeof access

/** Those that open jobs, and those that carry them out: what a stage that bypasses approvals tells so. */
export const heedsBypass: readonly FunctionId[] = [
  'api-submit',
  'api-rules',
  'api-administer',
  'worker-kms',
  'worker-acm-pca',
  'worker-apply',
  'schedule-renew',
]

export const functionIds = Object.keys(access) as readonly FunctionId[]

export function rowOf(id: FunctionId): Row {
  return access[id]
}

/** The functions that a stage has: those that belong to a setting only with it. */
export function deployedIn(stage: { readonly crl_push: readonly unknown[] }): readonly FunctionId[] {
  return functionIds.filter((id) => rowOf(id).setting === undefined || stage.crl_push.length > 0)
}

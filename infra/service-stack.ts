import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AttributeType, BillingMode, StreamViewType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { Alarms, alarmRows } from './alarms.ts'
import { ApprovalWorkflow } from './approval-workflow.ts'
import type { Stage } from './config.ts'
import type { DataStack } from './data-stack.ts'
import { indexes, type Resource, type Variable } from './grants.ts'
import { HttpApi } from './http-api.ts'
import { KeyUseWatch } from './key-use-watch.ts'
import { environmentName, roleArn } from './names.ts'
import { Notifications } from './notifications.ts'
import { Overview } from './overview.ts'
import { PrivilegedFunction } from './privileged-function.ts'
import { PushedLists } from './pushed-lists.ts'
import { Relay } from './relay.ts'
import { allowed } from './roles.ts'
import { Schedules } from './schedules.ts'
import { StatusBucket, StatusSite } from './status-site.ts'
import { Worker, WorkQueue, waitingIn } from './worker.ts'

type ServiceStackProps = { readonly stage: Stage; readonly data: DataStack; readonly bundles: string }

/** Everything that acts. All it keeps can be made again from the data stack. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, { stage, data, bundles }: ServiceStackProps) {
    super(scope, `countersign-${stage.name}`, { terminationProtection: stage.production })

    const tokens = tokenTable(this, stage)
    const sealingKey = responderSealingKey(this, stage)
    const bucket = new StatusBucket(this, 'StatusBucket', stage)
    const work = {
      kms: new WorkQueue(this, 'KmsWork', 'worker-kms'),
      pca: new WorkQueue(this, 'AcmPcaWork', 'worker-acm-pca'),
      apply: new WorkQueue(this, 'ApplyWork', 'worker-apply'),
      status: new WorkQueue(this, 'StatusWork', 'worker-publish-status'),
      notify: new WorkQueue(this, 'NotifyWork', 'worker-notify'),
    }
    const notifications = new Notifications(this, 'Notifications', stage)

    const stored = {
      stage,
      bundles,
      table_name: data.table.tableName,
      arns: {
        table: [data.table.tableArn],
        ...indexArns(data),
        tokens: [tokens.tableArn],
        'ca-keys': Object.values(data.caKeys),
        'decision-key': [data.receiptKeys.decision],
        'clock-key': [data.receiptKeys.clock],
        'sealing-key': [sealingKey.keyArn],
        'status-bucket': [bucket.bucketArn],
        'status-objects': [bucket.arnForObjects('.well-known/pki/*'), bucket.arnForObjects('shards/*')],
        authorities: authorityArns(this, stage),
        'queue-acm-pca': [work.pca.queue.queueArn],
        'queue-kms': [work.kms.queue.queueArn],
        'queue-apply': [work.apply.queue.queueArn],
        'queue-status': [work.status.queue.queueArn],
        'queue-notify': [work.notify.queue.queueArn],
        'notification-topic': [notifications.topic.topicArn],
        'webhook-secrets': notifications.secretArns,
      } satisfies Partial<Record<Resource, readonly string[]>>,
      variables: {
        CA_KEYS: this.toJsonString(data.caKeys),
        SIGNERS: JSON.stringify(allowed('kms:Sign', 'ca-keys').map((id) => roleArn(stage, id))),
        PCA_AUTHORITIES: JSON.stringify(stage.pca_authorities),
        KEY_RATE: JSON.stringify(stage.key_rate),
        OIDC_ISSUERS: JSON.stringify(stage.oidc_issuers),
        RENEWALS_PER_SWEEP: String(stage.renewals_per_sweep),
        RECEIPT_KEYS: this.toJsonString(data.receiptKeys),
        TOKENS_TABLE_NAME: tokens.tableName,
        BUCKET_NAME: bucket.bucketName,
        RESPONDER_KEY_ARN: sealingKey.keyArn,
        QUEUE_URLS: this.toJsonString({
          kms: work.kms.queue.queueUrl,
          'acm-pca': work.pca.queue.queueUrl,
          apply: work.apply.queue.queueUrl,
          status: work.status.queue.queueUrl,
          notify: work.notify.queue.queueUrl,
        }),
      } satisfies Partial<Record<Variable, string>>,
    }

    const ocsp = new PrivilegedFunction(this, 'status-ocsp', stored)
    const site = new StatusSite(this, 'StatusSite', {
      stage,
      bucket,
      // Public: relying parties sign nothing, and the answers are signed themselves.
      ocsp: ocsp.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }),
    })
    const park = new PrivilegedFunction(this, 'workflow-park', stored)
    const refuse = new PrivilegedFunction(this, 'workflow-refuse', stored)
    const workflow = new ApprovalWorkflow(this, 'ApprovalWorkflow', {
      stage,
      table: data.table,
      park,
      refuse,
      queues: { kms: work.kms.queue, 'acm-pca': work.pca.queue, apply: work.apply.queue },
    })

    const around = {
      ...stored,
      arns: { ...stored.arns, workflow: [workflow.arn] },
      variables: { ...stored.variables, STATUS_URL: site.url, STATE_MACHINE_ARN: workflow.arn },
    }
    const api = new HttpApi(this, 'HttpApi', {
      stage,
      functions: {
        read: new PrivilegedFunction(this, 'api-read', around),
        submit: new PrivilegedFunction(this, 'api-submit', around),
        rules: new PrivilegedFunction(this, 'api-rules', around),
        decide: new PrivilegedFunction(this, 'api-decide', around),
        administer: new PrivilegedFunction(this, 'api-administer', around),
      },
    })
    const relay = new Relay(this, { around, table: data.table, tokens })
    // Thirty of them sign some 250 times a second: below the 300 that KMS takes of an account's ECC keys.
    new Worker(this, 'worker-kms', { around, work: work.kms, batchSize: 5, maxConcurrency: 30 })
    // AWS takes 25 orders a second of one authority.
    const enabled = Object.keys(stage.pca_authorities).length > 0
    new Worker(this, 'worker-acm-pca', { around, work: work.pca, batchSize: 5, maxConcurrency: 4, enabled })
    new Worker(this, 'worker-apply', { around, work: work.apply, batchSize: 10 })
    new Worker(this, 'worker-publish-status', {
      around,
      work: work.status,
      // A burst of revocations arrives together, and each list is made once for all of it.
      batchSize: 1000,
      batchSeconds: 1,
      maxConcurrency: 2,
    })
    const told = { ...around.variables, NOTIFICATIONS: notifications.settings(api.url) }
    new Worker(this, 'worker-notify', {
      around: { ...around, variables: told },
      work: work.notify,
      batchSize: 5,
      // Receivers of chat take a message a second or so.
      maxConcurrency: 2,
    })
    const pushed = stage.crl_push.length > 0 ? new PushedLists(this, 'PushedLists', { around, bucket }) : null
    const tend = new PrivilegedFunction(this, 'schedule-tend', around)
    const renew = new PrivilegedFunction(this, 'schedule-renew', around)
    new Schedules(this, 'Schedules', { stage, tend, renew, statusQueue: work.status.queue })
    const watch = new KeyUseWatch(this, 'KeyUseWatch', {
      watcher: new PrivilegedFunction(this, 'watch-key-use', around),
      arns: Object.values(data.caKeys),
    })
    const rows = alarmRows({
      stage,
      table_name: data.table.tableName,
      api_id: api.id,
      state_machine_arn: workflow.arn,
      tend_name: tend.functionName,
      renew_name: renew.functionName,
      dead_letters: {
        ...Object.fromEntries(
          Object.entries(work).map(([name, queue]) => [name, waitingIn(queue.deadLetters)]),
        ),
        relay: waitingIn(relay.failures),
        ...(pushed === null ? {} : { push: waitingIn(pushed.work.deadLetters) }),
        'key-use': waitingIn(watch.deadLetters),
      },
    })
    const { all: alarms } = new Alarms(this, 'Alarms', { stage, topic: data.alarmTopic, rows })
    new Overview(this, 'Overview', { stage, alarms })

    this.output({
      ApiId: api.id,
      ApiUrl: api.url,
      StatusUrl: site.url,
      DistributionDomain: site.domain,
      BucketName: bucket.bucketName,
      TableName: data.table.tableName,
      TokensTableName: tokens.tableName,
      StateMachineArn: workflow.arn,
      CaKeys: this.toJsonString(data.caKeys),
      ReceiptKeys: this.toJsonString(data.receiptKeys),
      Environment: environmentName(stage),
      NotificationTopic: notifications.topic.topicArn,
      Queues: this.toJsonString({
        kms: work.kms.queue.queueUrl,
        acm_pca: work.pca.queue.queueUrl,
        acm_pca_dead_letters: work.pca.deadLetters.queueUrl,
        kms_dead_letters: work.kms.deadLetters.queueUrl,
        apply: work.apply.queue.queueUrl,
        apply_dead_letters: work.apply.deadLetters.queueUrl,
        status: work.status.queue.queueUrl,
        status_dead_letters: work.status.deadLetters.queueUrl,
        notify: work.notify.queue.queueUrl,
        notify_dead_letters: work.notify.deadLetters.queueUrl,
        relay_failures: relay.failures.queueUrl,
        ...(pushed === null ? {} : urlsOf(pushed)),
        key_use_dead_letters: watch.deadLetters.queueUrl,
      }),
    })
  }

  private output(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value })
  }
}

const urlsOf = ({ work: { queue, deadLetters } }: PushedLists) => ({
  push: queue.queueUrl,
  push_dead_letters: deadLetters.queueUrl,
})

function indexArns(data: DataStack) {
  const arn = (index: string) => [`${data.table.tableArn}/index/${index}`]
  return Object.fromEntries(indexes.map((index) => [index, arn(index)]))
}

/** The declared authorities; where there are none, an ARN that is of none. */
function authorityArns(stack: Stack, stage: Stage): readonly string[] {
  const declared = Object.values(stage.pca_authorities)
  const none = stack.formatArn({
    service: 'acm-pca',
    resource: 'certificate-authority',
    resourceName: 'none-is-declared',
  })
  return declared.length > 0 ? declared : [none]
}

/**
 * Task tokens, apart from everything else: only the workflow writes them and
 * only the relay reads them. Without a backup: they are worth nothing once
 * their approval is over, and a lost one delays an approved job by a sweep.
 */
function tokenTable(scope: Construct, stage: Stage): Table {
  return new Table(scope, 'Tokens', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    timeToLiveAttribute: 'ttl',
    stream: StreamViewType.NEW_IMAGE,
    deletionProtection: stage.production,
    removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  })
}

/**
 * Seals the OCSP responder's short-lived private key: one function encrypts,
 * another decrypts. Nothing is lost with it: responders are made anew every day.
 */
function responderSealingKey(scope: Construct, stage: Stage): Key {
  return new Key(scope, 'ResponderSealingKey', {
    description: `Countersign ${stage.name}: seals OCSP responder keys`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
  })
}

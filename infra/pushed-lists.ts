import { Aws } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'
import type { Resource } from './grants.ts'
import type { Surroundings } from './privileged-function.ts'
import { Worker, WorkQueue } from './worker.ts'

type PushedListsProps = { readonly around: Surroundings; readonly bucket: Bucket }

/**
 * Gives lists to AWS services that fetch none, as soon as S3 has a new one.
 * Who publishes a list knows nothing of it. Only where a stage names such
 * services is any of this deployed, its role included.
 */
export class PushedLists extends Construct {
  readonly work: WorkQueue

  constructor(scope: Construct, id: string, { around, bucket }: PushedListsProps) {
    super(scope, id)
    this.work = new WorkQueue(this, 'Work', 'worker-push-crl')
    new Worker(this, 'worker-push-crl', {
      around: {
        ...around,
        arns: { ...around.arns, ...arnsFor(around.stage, bucket) },
        variables: { ...around.variables, CRL_PUSH: JSON.stringify(around.stage.crl_push) },
      },
      work: this.work,
      batchSize: 1,
      maxConcurrency: 2,
    })
    tellOfLists(bucket, this.work.queue)
  }
}

function arnsFor({ crl_push }: Stage, bucket: Bucket): Partial<Record<Resource, readonly string[]>> {
  const arnsOf = (to: Stage['crl_push'][number]['to']) => [
    ...new Set(crl_push.filter((target) => target.to === to).map(({ arn }) => arn)),
  ]
  const anchors = arnsOf('roles-anywhere')
  const crls = `arn:${Aws.PARTITION}:rolesanywhere:${Aws.REGION}:${Aws.ACCOUNT_ID}:crl/*`
  return {
    'published-lists': [bucket.arnForObjects('.well-known/pki/crl/*')],
    'pushed-lists': [bucket.arnForObjects('push/*')],
    // Importing and listing know no resource; a list has an id that nobody knows before it is there.
    'roles-anywhere': anchors.length > 0 ? ['*'] : [],
    'roles-anywhere-crls': anchors.length > 0 ? [crls] : [],
    'trust-stores': arnsOf('alb-trust-store'),
  }
}

/** By the bucket's own property: the library's way would deploy a function of its own that may change any bucket. */
function tellOfLists(bucket: Bucket, queue: Queue): void {
  const allowed = queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  )
  const { defaultChild } = bucket.node
  if (!(defaultChild instanceof CfnBucket)) throw new Error('the bucket is no bucket')
  defaultChild.notificationConfiguration = {
    queueConfigurations: [
      {
        event: 's3:ObjectCreated:*',
        filter: { s3Key: { rules: [{ name: 'prefix', value: '.well-known/pki/crl/' }] } },
        queue: queue.queueArn,
      },
    ],
  }
  // S3 asks the queue whether it may write before it takes the setting.
  if (allowed.policyDependable !== undefined) defaultChild.node.addDependency(allowed.policyDependable)
}

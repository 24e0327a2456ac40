import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { AccountRootPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Key, type KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import { allowed, type Resource } from './access.ts'
import type { Stage } from './config.ts'
import { roleArn } from './names.ts'

type SigningKeyProps = {
  readonly stage: Stage
  readonly purpose: string
  readonly spec: string
  /** What rows of access.ts call it: their functions may sign with it. */
  readonly resource: Resource
}

/**
 * A signing key in KMS: a CA's, or one that vouches for decisions. The account administers it, but its policy lets only the
 * signer roles sign, and only digests: no other role can be given `kms:Sign`
 * by an IAM policy alone.
 */
export class SigningKey extends Construct {
  readonly arn: string

  constructor(scope: Construct, id: string, { stage, purpose, spec, resource }: SigningKeyProps) {
    super(scope, id)
    const key = new Key(this, 'Key', {
      description: `Countersign ${stage.name}: ${purpose}`,
      keySpec: spec as KeySpec,
      keyUsage: KeyUsage.SIGN_VERIFY,
      policy: keyPolicy(stage, resource),
      pendingWindow: Duration.days(stage.key_deletion_days),
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    this.arn = key.keyArn
  }
}

function keyPolicy(stage: Stage, resource: Resource): PolicyDocument {
  const account = new AccountRootPrincipal()
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'Administer',
        effect: Effect.ALLOW,
        principals: [account],
        actions: administration,
        resources: ['*'],
      }),
      new PolicyStatement({
        sid: 'SignDigests',
        effect: Effect.ALLOW,
        principals: [account],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions: {
          ArnEquals: { 'aws:PrincipalArn': allowed('kms:Sign', resource).map((id) => roleArn(stage, id)) },
          StringEquals: { 'kms:MessageType': 'DIGEST' },
        },
      }),
    ],
  })
}

/** What the KMS guide gives key administrators, and reading the public key; no cryptographic use. */
const administration = [
  'kms:Describe*',
  'kms:Enable*',
  'kms:List*',
  'kms:Put*',
  'kms:Update*',
  'kms:Revoke*',
  'kms:Disable*',
  'kms:Get*',
  'kms:Delete*',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:ScheduleKeyDeletion',
  'kms:CancelKeyDeletion',
]

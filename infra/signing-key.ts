import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  AccountPrincipal,
  AccountRootPrincipal,
  Effect,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam'
import { Key, type KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'
import type { Resource } from './grants.ts'
import { roleArn } from './names.ts'
import { allowed } from './roles.ts'

type SigningKeyProps = {
  readonly stage: Stage
  readonly purpose: string
  readonly spec: string
  /** What rows of access.ts call it: their functions may sign with it. */
  readonly resource: Resource
  /** The account whose functions sign with it, if not the key's own. */
  readonly used_by?: string
}

/**
 * A signing key in KMS: a CA's, or one that vouches for decisions. The account administers it, but its policy lets only the
 * signer roles sign, and only digests: no other role can be given `kms:Sign`
 * by an IAM policy alone.
 */
export class SigningKey extends Construct {
  readonly arn: string

  constructor(scope: Construct, id: string, props: SigningKeyProps) {
    super(scope, id)
    const { stage, purpose, spec } = props
    const key = new Key(this, 'Key', {
      description: `Countersign ${stage.name}: ${purpose}`,
      keySpec: spec as KeySpec,
      keyUsage: KeyUsage.SIGN_VERIFY,
      policy: keyPolicy(props),
      pendingWindow: Duration.days(stage.key_deletion_days),
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    this.arn = key.keyArn
  }
}

function keyPolicy({ stage, resource, used_by }: SigningKeyProps): PolicyDocument {
  const own = new AccountRootPrincipal()
  const users = used_by === undefined ? own : new AccountPrincipal(used_by)
  const roles = (action: string) => ({
    'aws:PrincipalArn': allowed(action, resource).map((id) => roleArn(stage, id, used_by)),
  })
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'Administer',
        effect: Effect.ALLOW,
        principals: [own],
        actions: administration,
        resources: ['*'],
      }),
      new PolicyStatement({
        sid: 'SignDigests',
        effect: Effect.ALLOW,
        principals: [users],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions: { ArnEquals: roles('kms:Sign'), StringEquals: { 'kms:MessageType': 'DIGEST' } },
      }),
      // In its own account, administration has it already, for whoever IAM lets.
      ...(used_by === undefined
        ? []
        : [
            new PolicyStatement({
              sid: 'ReadPublicKey',
              effect: Effect.ALLOW,
              principals: [users],
              actions: ['kms:GetPublicKey'],
              resources: ['*'],
              conditions: { ArnEquals: roles('kms:GetPublicKey') },
            }),
          ]),
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

import { type App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'

type Acknowledged = {
  /** As the check names it, with what it found where it says so. */
  readonly rule: string
  /** Where in the tree of constructs; everything under it counts. */
  readonly at: RegExp
  readonly reason: string
}

/** What AWS's list of checks finds and we keep, with the reason: the only place where one may be let pass. */
export const acknowledged: readonly Acknowledged[] = [
  {
    rule: 'APIG4',
    at: /\/HttpApi\/Route-[A-Za-z-]+$/,
    reason:
      'The function behind the route authenticates: API keys are hashed rows and tokens of several OIDC issuers, and a refusal must be on record (docs/operator/identity.md)',
  },
  {
    rule: 'S1',
    at: /\/StatusBucket\/Resource$/,
    reason:
      'What it holds is public; who asks for it are relying parties, whose addresses nobody should keep (docs/decisions/0081-what-is-not-logged.md)',
  },
  {
    rule: 'S10',
    at: /\/StatusBucket(\/Policy)?\/Resource$/,
    reason:
      'CRLs are fetched over plain HTTP (RFC 5280 section 8), and CloudFront asks S3 as it was asked; it alone can read the bucket, and all of it is signed',
  },
  {
    rule: 'CFR1',
    at: /\/StatusSite\/Distribution\/Resource$/,
    reason: 'Relying parties are everywhere',
  },
  {
    rule: 'CFR2',
    at: /\/StatusSite\/Distribution\/Resource$/,
    reason:
      'Cached public objects and one bounded parser; a stage that wants a web ACL attaches its own, which costs more than the rest of an idle month',
  },
  {
    rule: 'CFR3',
    at: /\/StatusSite\/Distribution\/Resource$/,
    reason: 'As of the bucket: nobody should keep who checks whose certificate',
  },
  {
    rule: 'CFR4',
    at: /\/StatusSite\/Distribution\/Resource$/,
    reason:
      'The domain of CloudFront itself has no choice of protocol; with status_domain it is TLS 1.2 at least. Relying parties use plain HTTP anyway',
  },
  {
    rule: 'SF2',
    at: /\/ApprovalWorkflow\/(Release)?Machine$/,
    reason:
      'No X-Ray: the events of a job are its trace, and they are complete where X-Ray samples (docs/decisions/0082-no-x-ray.md)',
  },
  {
    rule: 'SQS3',
    at: /\/relay\/Function\/Failures\/Resource$/,
    reason: 'It is itself where stream records end up that could not be relayed',
  },
  {
    rule: 'SQS3',
    at: /\/KeyUseWatch\/DeadLetters\/Resource$/,
    reason: 'It is itself where records of CloudTrail end up that could not be judged',
  },
  {
    rule: 'DDB3',
    at: /\/Tokens\/Resource$/,
    reason:
      'Task tokens live for as long as an approval waits, and are worth nothing afterwards: a backup would only keep them longer',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: /\/ApprovalWorkflow\/(Release)?Role\/Resource$/,
    reason: 'The delivery of logs knows no resource (service authorization reference, CloudWatch Logs)',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: /\/relay\/Role\/DefaultPolicy\/Resource$/,
    reason: 'dynamodb:ListStreams knows no resource',
  },
  {
    rule: 'IAM5[Resource::<StatusBucketFEB18CB4.Arn>/.well-known/pki/*]',
    at: /\/signer\/Resource$/,
    reason: 'Objects of this prefix: their names are those of issuers, which nobody knows at deployment',
  },
  {
    rule: 'IAM5[Resource::<StatusBucketFEB18CB4.Arn>/shards/*]',
    at: /\/signer\/Resource$/,
    reason: 'As above, for the rows of sharded lists',
  },
  {
    rule: 'IAM5[Resource::<StatusBucketFEB18CB4.Arn>/.well-known/pki/crl/*]',
    at: /\/worker-push-crl\/Role\/Resource$/,
    reason: 'As above, to read the lists that are given to others (crl_push)',
  },
  {
    rule: 'IAM5[Resource::<StatusBucketFEB18CB4.Arn>/push/*]',
    at: /\/worker-push-crl\/Role\/Resource$/,
    reason: 'As above, for the same lists in the form that load balancers read',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: /\/worker-push-crl\/Role\/Resource$/,
    reason: 'rolesanywhere:ImportCrl and ListCrls know no resource',
  },
  {
    rule: 'IAM5[Resource::arn:<AWS::Partition>:rolesanywhere:<AWS::Region>:<AWS::AccountId>:crl/*]',
    at: /\/worker-push-crl\/Role\/Resource$/,
    reason: 'Roles Anywhere names a list when it is imported; nobody knows its id at deployment',
  },
]

/** Has `cdk synth` hold the templates against AWS Solutions, and fail on what is not acknowledged above. */
export function checkAgainstSolutions(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  for (const construct of app.node.findAll())
    for (const { rule, at, reason } of acknowledged)
      if (at.test(construct.node.path))
        Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason })
}

import type { Resource, Value } from './resolved-template.ts'

export type Statement = {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Principal?: Value
  readonly Condition?: Value
}

/** A role with what it may do, and who takes it on. */
export type Role = {
  readonly name: string
  readonly arn: string
  readonly statements: readonly Statement[]
}

export type Policies = {
  readonly roles: readonly Role[]
  /** Role by the name of the function that runs as it. */
  readonly role_of: Readonly<Record<string, Role>>
  /** The policy that a resource has of its own, by ARN; a bucket's counts for its objects. */
  readonly on: (arn: string) => readonly Statement[] | null
}

export function policiesOf(resources: readonly Resource[]): Policies {
  const roles = resources
    .filter(({ type }) => type === 'AWS::IAM::Role')
    .map((role) => roleOf(role, resources))
  const byArn = new Map(roles.map((role) => [role.arn, role]))
  const functions = resources.filter(({ type }) => type === 'AWS::Lambda::Function')
  const owned = ownPolicies(resources)
  return {
    roles,
    role_of: Object.fromEntries(
      functions.flatMap(({ properties, id }) => {
        const role = byArn.get(properties.Role)
        return role === undefined ? [] : [[properties.FunctionName ?? id, role]]
      }),
    ),
    on: (arn) => owned.get(arn.replace(/^(arn:aws:s3:::[^/]+)\/.*$/, '$1')) ?? null,
  }
}

function roleOf({ id, arn, properties }: Resource, resources: readonly Resource[]): Role {
  const name = arn.split('/').at(-1) ?? ''
  const inline: Value[] = properties.Policies ?? []
  const attached = resources.filter(
    ({ type, properties: { Roles = [] } }) => type === 'AWS::IAM::Policy' && Roles.includes(name),
  )
  return {
    name: name || id,
    arn,
    statements: [...inline, ...attached.map(({ properties: policy }) => policy)].flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    ),
  }
}

const holders: Readonly<Record<string, (properties: Value) => readonly string[]>> = {
  'AWS::SQS::QueuePolicy': ({ Queues }) => Queues.map(arnOfQueue),
  'AWS::SNS::TopicPolicy': ({ Topics }) => Topics,
  'AWS::S3::BucketPolicy': ({ Bucket }) => [`arn:aws:s3:::${Bucket}`],
}

const arnOfQueue = (url: string): string => {
  if (url.startsWith('arn:')) return url
  const [name, account] = url.split('/').reverse()
  return `arn:aws:sqs:us-east-1:${account}:${name}`
}

function ownPolicies(resources: readonly Resource[]): ReadonlyMap<string, readonly Statement[]> {
  const found = new Map<string, readonly Statement[]>()
  const add = (arn: string, statements: readonly Statement[]) =>
    found.set(arn, [...(found.get(arn) ?? []), ...statements])
  for (const { type, arn, properties } of resources) {
    if (type === 'AWS::KMS::Key') add(arn, properties.KeyPolicy.Statement)
    if (type === 'AWS::Lambda::Permission')
      add(functionArn(properties.FunctionName), [permission(properties)])
    for (const held of holders[type]?.(properties) ?? []) add(held, properties.PolicyDocument.Statement)
  }
  return found
}

const functionArn = (name: string): string =>
  name.startsWith('arn:') ? name : `arn:aws:lambda:us-east-1:000000000000:function:${name}`

/** A Lambda permission as the statement that Lambda makes of it. */
const permission = ({
  Action,
  Principal,
  SourceArn,
  FunctionName,
  FunctionUrlAuthType,
}: Value): Statement => ({
  Effect: 'Allow',
  Action,
  Resource: functionArn(FunctionName),
  Principal: Principal === '*' ? '*' : { Service: Principal },
  Condition: {
    ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': SourceArn } }),
    ...(FunctionUrlAuthType === undefined
      ? {}
      : { StringEquals: { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType } }),
  },
})

import { account } from '../../scripts/local/environment.ts'
import type { Call } from './recorded-calls.ts'
import type { Resource, Value } from './resolved-template.ts'

/**
 * What services of AWS do because the template wires them so, and no function
 * does itself: as one of our roles, or as themselves by a resource's policy.
 */
export type Wired = Omit<Call, 'function'> & {
  readonly why: string
  /** ARN of the role, or name of the service. */
  readonly by: string
}

export function wiredCalls(resources: readonly Resource[]): readonly Wired[] {
  const named = new Map(resources.map((resource) => [resource.arn, resource]))
  return resources.flatMap((resource) => wiring[resource.type]?.(resource, named) ?? [])
}

type Named = ReadonlyMap<string, Resource>
type Wiring = (resource: Resource, named: Named) => readonly Wired[]

const queueReads = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']
const streamReads = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator']
const logDelivery = ['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery']
const logPolicies = [
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
]

const wiring: Readonly<Record<string, Wiring>> = {
  'AWS::Lambda::Function': ({ properties }) =>
    ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
      why: `Lambda writes the log of ${properties.FunctionName}`,
      by: properties.Role,
      action,
      resource: `arn:aws:logs:us-east-1:000000000000:log-group:${properties.LoggingConfig?.LogGroup}:log-stream:one`,
      context: {},
    })),
  'AWS::Lambda::EventSourceMapping': sourceCalls,
  'AWS::Scheduler::Schedule': ({ properties: { Target } }) => [
    {
      why: 'EventBridge Scheduler calls its target',
      by: Target.RoleArn,
      action: Target.Arn.includes(':lambda:') ? 'lambda:InvokeFunction' : 'sqs:SendMessage',
      resource: Target.Arn,
      context: {},
    },
  ],
  'AWS::StepFunctions::StateMachine': workflowCalls,
  'AWS::ApiGatewayV2::Integration': ({ properties }) => [
    {
      why: 'API Gateway calls the function of a route',
      by: 'apigateway.amazonaws.com',
      action: 'lambda:InvokeFunction',
      resource: properties.IntegrationUri,
      context: {
        'aws:SourceArn': `arn:aws:execute-api:us-east-1:000000000000:${properties.ApiId}/$default/route`,
      },
    },
  ],
  'AWS::Events::Rule': ({ arn, properties }) =>
    properties.Targets.flatMap(({ Arn, DeadLetterConfig }: Value) =>
      [Arn, ...(DeadLetterConfig === undefined ? [] : [DeadLetterConfig.Arn])].map((resource: string) => ({
        why: 'EventBridge tells its target',
        by: 'events.amazonaws.com',
        action: eventAction(resource),
        resource,
        context: { 'aws:SourceArn': arn },
      })),
    ),
  'AWS::CloudWatch::Alarm': ({ arn, properties: { AlarmActions = [] } }) =>
    AlarmActions.map((topic: string) => ({
      why: 'CloudWatch tells whoever is on call',
      by: 'cloudwatch.amazonaws.com',
      action: 'sns:Publish',
      resource: topic,
      context: { 'aws:SourceArn': arn, 'aws:SourceAccount': account },
    })),
  'AWS::CloudFront::Distribution': ({ arn }, named) =>
    [...named.values()]
      .filter(({ type }) => type === 'AWS::S3::Bucket')
      .flatMap((bucket) => siteReads(arn, bucket.arn)),
}

const eventAction = (target: string): string => {
  if (target.includes(':sns:')) return 'sns:Publish'
  return target.includes(':lambda:') ? 'lambda:InvokeFunction' : 'sqs:SendMessage'
}

const siteReads = (distribution: string, bucket: string): readonly Wired[] =>
  [
    ['s3:GetObject', `${bucket}/.well-known/pki/crl/iss-web`],
    ['s3:ListBucket', bucket],
  ].map(([action = '', resource = '']) => ({
    why: 'CloudFront reads what was published',
    by: 'cloudfront.amazonaws.com',
    action,
    resource,
    context: { 'AWS:SourceArn': distribution },
  }))

function sourceCalls({ properties }: Resource, named: Named): readonly Wired[] {
  const { EventSourceArn, FunctionName, DestinationConfig } = properties
  const reader = [...named.values()].find(
    ({ type, properties: { FunctionName: name }, arn }) =>
      type === 'AWS::Lambda::Function' && (name === FunctionName || arn === FunctionName),
  )
  const call = (action: string, resource: string) => ({
    why: `Lambda reads the source of ${FunctionName}`,
    by: reader?.properties.Role,
    action,
    resource,
    context: {},
  })
  const failures = DestinationConfig?.OnFailure?.Destination
  const lost = failures === undefined ? [] : [call('sqs:SendMessage', failures)]
  if (EventSourceArn.includes(':sqs:'))
    return [...queueReads.map((one) => call(one, EventSourceArn)), ...lost]
  return [...streamReads.map((one) => call(one, EventSourceArn)), call('dynamodb:ListStreams', '*'), ...lost]
}

function workflowCalls(
  { properties: { DefinitionString, RoleArn } }: Resource,
  named: Named,
): readonly Wired[] {
  const states: Value[] = Object.values(JSON.parse(DefinitionString).States)
  const logs = [...logDelivery, ...logPolicies].map((action) => ({
    why: 'Step Functions writes its log',
    by: RoleArn,
    action: `logs:${action}`,
    resource: '*',
    context: {},
  }))
  const waiting = [...named.keys()].find((arn) => /:stateMachine:.*-approval$/.test(arn)) ?? ''
  const tasks = states
    .filter(({ Type }) => Type === 'Task')
    .flatMap((state) => taskCalls(state, { by: RoleArn, waiting }))
  return [...logs, ...tasks]
}

function taskCalls(
  { Resource: task, Arguments, Comment }: Value,
  { by, waiting }: { readonly by: string; readonly waiting: string },
): readonly Wired[] {
  const call = (action: string, resource: string, context: Wired['context'] = {}): Wired => ({
    why: `A state of the workflow: ${Comment}`,
    by,
    action,
    resource,
    context,
  })
  if (task.includes(':lambda:invoke')) return [call('lambda:InvokeFunction', Arguments.FunctionName)]
  if (task.endsWith(':dynamodb:getItem'))
    return [
      call('dynamodb:GetItem', `arn:aws:dynamodb:us-east-1:000000000000:table/${Arguments.TableName}`, {
        'dynamodb:LeadingKeys': ['JOB#job-1'],
      }),
    ]
  if (task.endsWith(':sqs:sendMessage'))
    return queuesIn(Arguments.QueueUrl).map((queue) => call('sqs:SendMessage', queue))
  if (task.includes(':states:startExecution'))
    return [call('states:StartExecution', Arguments.StateMachineArn)]
  if (task.endsWith(':aws-sdk:sfn:sendTaskSuccess')) return [call('states:SendTaskSuccess', waiting)]
  if (task.endsWith(':aws-sdk:sfn:sendTaskFailure')) return [call('states:SendTaskFailure', waiting)]
  return [call(task, 'unknown')]
}

/** The URLs that an expression chooses among. */
const queuesIn = (expression: string): readonly string[] =>
  [...expression.matchAll(/https?:\/\/[^"\\]+\/([^/"\\]+)/g)].map(
    ([, name]) => `arn:aws:sqs:us-east-1:000000000000:${name}`,
  )

import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { QueueName } from '../lib/model/queue.ts'
import { approvalDefinition } from './approval-definition.ts'
import type { Stage } from './config.ts'
import type { TableInUse } from './data-stack.ts'

type ApprovalWorkflowProps = {
  readonly stage: Stage
  readonly table: TableInUse
  readonly park: IFunction
  readonly refuse: IFunction
  readonly queues: Readonly<Record<QueueName, Queue>>
}

/** One execution per gated job: where people see what waits, and where the two-person rule can be read. */
export class ApprovalWorkflow extends Construct {
  readonly arn: string

  constructor(scope: Construct, id: string, props: ApprovalWorkflowProps) {
    super(scope, id)
    const { stage, table, park, refuse, queues } = props
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/vendedlogs/states/countersign-${stage.name}-approval`,
      retention: stage.log_retention_days,
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    const machine = new CfnStateMachine(this, 'Machine', {
      stateMachineName: `countersign-${stage.name}-approval`,
      stateMachineType: 'STANDARD',
      roleArn: roleOf(this, props).roleArn,
      definitionString: Stack.of(this).toJsonString(
        approvalDefinition({
          park_arn: park.functionArn,
          refuse_arn: refuse.functionArn,
          table_name: table.tableName,
          queue_urls: {
            kms: queues.kms.queueUrl,
            'acm-pca': queues['acm-pca'].queueUrl,
            apply: queues.apply.queueUrl,
          },
        }),
      ),
      // Execution data holds the task token, so it stays out of the log.
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
    })
    this.arn = machine.attrArn
  }
}

function roleOf(scope: Construct, { table, park, refuse, queues }: ApprovalWorkflowProps): Role {
  return new Role(scope, 'Role', {
    description: 'Reads decisions, dispatches what was approved',
    assumedBy: new ServicePrincipal('states.amazonaws.com'),
    inlinePolicies: {
      access: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['dynamodb:GetItem'],
            resources: [table.tableArn],
            conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['JOB#*'] } },
          }),
          new PolicyStatement({
            actions: ['lambda:InvokeFunction'],
            resources: [park.functionArn, refuse.functionArn],
          }),
          new PolicyStatement({
            actions: ['sqs:SendMessage'],
            resources: Object.values(queues).map(({ queueArn }) => queueArn),
          }),
          new PolicyStatement({ actions: logDelivery, resources: ['*'] }),
        ],
      }),
    },
  })
}

/** What Step Functions needs to write to a log group; none of these knows a resource. */
const logDelivery = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
]

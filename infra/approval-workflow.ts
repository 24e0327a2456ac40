import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
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
import { releaseDefinition } from './release-definition.ts'

type ApprovalWorkflowProps = {
  readonly stage: Stage
  readonly table: TableInUse
  readonly park: IFunction
  readonly refuse: IFunction
  readonly queues: Readonly<Record<QueueName, Queue>>
}

type MachineProps = {
  readonly stage: Stage
  readonly type: 'STANDARD' | 'EXPRESS'
  readonly definition: object
  readonly role: Role
}

/**
 * One execution per gated job: where people see what waits. What lets a job pass is a workflow of
 * its own, with a role of its own: the two-person rule can be read there.
 */
export class ApprovalWorkflow extends Construct {
  readonly arn: string

  constructor(scope: Construct, id: string, props: ApprovalWorkflowProps) {
    super(scope, id)
    const { stage, table, park, refuse, queues } = props
    const name = `countersign-${stage.name}-approval`
    // By its name: the two know each other.
    const waiting = Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    })
    const release = this.machine('Release', {
      stage,
      type: 'EXPRESS',
      definition: releaseDefinition({
        refuse_arn: refuse.functionArn,
        table_name: table.tableName,
        queue_urls: {
          kms: queues.kms.queueUrl,
          'acm-pca': queues['acm-pca'].queueUrl,
          apply: queues.apply.queueUrl,
        },
      }),
      role: releaseRole(this, props, waiting),
    })
    const machine = this.machine('', {
      stage,
      type: 'STANDARD',
      definition: approvalDefinition({ park_arn: park.functionArn, release_arn: release.attrArn }),
      role: waitingRole(this, park, release.attrArn),
    })
    this.arn = machine.attrArn
  }

  private machine(of: '' | 'Release', { stage, type, definition, role }: MachineProps): CfnStateMachine {
    const name = `countersign-${stage.name}-${of === '' ? 'approval' : 'release'}`
    const logGroup = new LogGroup(this, `${of}Logs`, {
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: stage.log_retention_days,
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    return new CfnStateMachine(this, `${of}Machine`, {
      stateMachineName: name,
      stateMachineType: type,
      roleArn: role.roleArn,
      definitionString: Stack.of(this).toJsonString(definition),
      // Execution data holds the task token, so it stays out of the log.
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
    })
  }
}

const logging = () => new PolicyStatement({ actions: logDelivery, resources: ['*'] })

const ofStates = (scope: Construct, id: string, description: string, statements: PolicyStatement[]): Role =>
  new Role(scope, id, {
    description,
    assumedBy: new ServicePrincipal('states.amazonaws.com'),
    inlinePolicies: { access: new PolicyDocument({ statements: [...statements, logging()] }) },
  })

function waitingRole(scope: Construct, park: IFunction, release_arn: string): Role {
  return ofStates(scope, 'Role', 'Parks a token, and has what was decided looked at', [
    new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [park.functionArn] }),
    new PolicyStatement({ actions: ['states:StartExecution'], resources: [release_arn] }),
  ])
}

function releaseRole(
  scope: Construct,
  { table, refuse, queues }: ApprovalWorkflowProps,
  waiting_arn: string,
): Role {
  return ofStates(scope, 'ReleaseRole', 'Reads decisions, dispatches what was approved', [
    new PolicyStatement({
      actions: ['dynamodb:GetItem'],
      resources: [table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['JOB#*'] } },
    }),
    new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [refuse.functionArn] }),
    new PolicyStatement({
      actions: ['sqs:SendMessage'],
      resources: Object.values(queues).map(({ queueArn }) => queueArn),
    }),
    new PolicyStatement({
      actions: ['states:SendTaskSuccess', 'states:SendTaskFailure'],
      resources: [waiting_arn],
    }),
  ])
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

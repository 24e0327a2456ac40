import { Aws } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import {
  type IScheduleTarget,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

type SchedulesProps = {
  readonly stage: Stage
  readonly tend: IFunction
  readonly renew: IFunction
  readonly statusQueue: Queue
}

/** What happens because time passes. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { stage, tend, renew, statusQueue }: SchedulesProps) {
    super(scope, id)
    new Schedule(this, 'Tend', {
      description: 'Expires overdue approvals, reclaims dead leases, touches what stands still',
      schedule: ScheduleExpression.expression(stage.schedules.tend),
      target: this.target('Tend', 'lambda:InvokeFunction', tend.functionArn),
    })
    new Schedule(this, 'Renew', {
      description: 'Opens the renewals that are due',
      schedule: ScheduleExpression.expression(stage.schedules.renew),
      target: this.target('Renew', 'lambda:InvokeFunction', renew.functionArn),
    })
    new Schedule(this, 'Refresh', {
      description: 'Publishes CRLs and responder certificates before they run out',
      schedule: ScheduleExpression.expression(stage.schedules.refresh),
      target: this.target('Refresh', 'sqs:SendMessage', statusQueue.queueArn, { type: 'refresh' }),
    })
  }

  /** A target with a role that may do this one thing with it: the library's own could call any version of a function. */
  private target(name: string, action: string, arn: string, input: object = {}): IScheduleTarget {
    const role = new Role(this, `${name}Role`, {
      description: `Lets the schedule ${name} call its target`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: {
        access: new PolicyDocument({
          statements: [new PolicyStatement({ actions: [action], resources: [arn] })],
        }),
      },
    })
    return {
      bind: () => ({
        arn,
        role,
        input: ScheduleTargetInput.fromObject(input),
        retryPolicy: { maximumRetryAttempts: 2 },
      }),
    }
  }
}

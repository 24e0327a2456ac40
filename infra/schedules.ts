import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke, SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

type SchedulesProps = { readonly stage: Stage; readonly tend: IFunction; readonly statusQueue: Queue }

/** What happens because time passes. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { stage, tend, statusQueue }: SchedulesProps) {
    super(scope, id)
    new Schedule(this, 'Tend', {
      description: 'Expires overdue approvals, reclaims dead leases, touches what stands still',
      schedule: ScheduleExpression.expression(stage.schedules.tend),
      target: new LambdaInvoke(tend, { retryAttempts: 2 }),
    })
    new Schedule(this, 'Refresh', {
      description: 'Publishes CRLs and responder certificates before they run out',
      schedule: ScheduleExpression.expression(stage.schedules.refresh),
      target: new SqsSendMessage(statusQueue, {
        input: ScheduleTargetInput.fromObject({ type: 'refresh' }),
        retryAttempts: 2,
      }),
    })
  }
}

import { type AwsAccess, jsonCall } from './aws-call.ts'

/** Hides a message that failed for so many seconds, instead of for as long as its queue hides all. */
export const postponeOn = (QueueUrl: string, access: AwsAccess) => {
  const call = jsonCall('sqs', access)
  return async (ReceiptHandle: string, VisibilityTimeout: number): Promise<void> => {
    await call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout })
  }
}

/** Puts a job on its queue once more, to be delivered after so many seconds. */
export const againOn = (QueueUrl: string, access: AwsAccess) => {
  const call = jsonCall('sqs', access)
  return async (job_id: string, DelaySeconds: number): Promise<void> => {
    await call('SendMessage', { QueueUrl, MessageBody: JSON.stringify({ job_id }), DelaySeconds })
  }
}

import { type AwsAccess, awsCall, jsonHeaders } from './aws-call.ts'

/** Hides a message that failed for so many seconds, instead of for as long as its queue hides all. */
export const postponeOn = (QueueUrl: string, access: AwsAccess) => {
  const call = awsCall('sqs', access)
  return async (ReceiptHandle: string, VisibilityTimeout: number): Promise<void> => {
    const { status } = await call(
      jsonHeaders('AmazonSQS.ChangeMessageVisibility', '1.0'),
      JSON.stringify({ QueueUrl, ReceiptHandle, VisibilityTimeout }),
    )
    if (status !== 200) throw new Error(`SQS answered ChangeMessageVisibility with ${status}`)
  }
}

import type { SQSRecord } from 'aws-lambda'

/** A message as Lambda gets it from its queue, delivered so often. */
export const sqsRecord = (messageId: string, body: unknown, delivered = 1): SQSRecord => ({
  messageId,
  receiptHandle: `receipt-${messageId}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: String(delivered),
    SentTimestamp: '0',
    SenderId: 'relay',
    ApproximateFirstReceiveTimestamp: '0',
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:notify',
  awsRegion: 'us-east-1',
})

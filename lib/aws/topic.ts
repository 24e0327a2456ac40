import type { Delivery, Topic, TopicMessage } from '../ports/notifications.ts'
import { type AwsAccess, awsCall } from './aws-call.ts'

const formOf = (topic_arn: string, { subject, text, json, attributes }: TopicMessage): URLSearchParams => {
  const form = new URLSearchParams({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: topic_arn,
    Subject: subject,
    // People get the text; every other protocol gets the JSON.
    MessageStructure: 'json',
    Message: JSON.stringify({ default: json, email: text }),
  })
  for (const [place, [name, value]] of Object.entries(attributes).entries()) {
    const entry = `MessageAttributes.entry.${place + 1}`
    form.set(`${entry}.Name`, name)
    form.set(`${entry}.Value.DataType`, 'String')
    form.set(`${entry}.Value.StringValue`, value)
  }
  return form
}

/** One SNS topic. Whoever is subscribed to it is the business of SNS. */
export const topic = (topic_arn: string, access: AwsAccess): Topic => {
  const call = awsCall('sns', access)
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  return {
    publish: async (message): Promise<Delivery> => {
      try {
        const { status } = await call(headers, formOf(topic_arn, message).toString())
        return status === 200
          ? { delivered: true }
          : { delivered: false, reason: `SNS answered Publish with ${status}` }
      } catch (error) {
        return { delivered: false, reason: `SNS: ${error instanceof Error ? error.name : 'fault'}` }
      }
    },
  }
}

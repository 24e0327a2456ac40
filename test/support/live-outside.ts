import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { AwsClient } from 'aws4fetch'
import { credentials, region } from '../../scripts/local/environment.ts'
import { clients, stack } from './stack.ts'

const signed = (service: string) => new AwsClient({ ...credentials, service, region })
const sns = signed('sns')
const secretsManager = signed('secretsmanager')

const secretCall = async (operation: string, body: object): Promise<Response> =>
  secretsManager.fetch(stack.emulator_url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `secretsmanager.${operation}`,
    },
    body: JSON.stringify(body),
  })

export async function putSecret(Name: string, value: object): Promise<void> {
  const answer = await secretCall('CreateSecret', { Name, SecretString: JSON.stringify(value) })
  if (!answer.ok) throw new Error(`CreateSecret: ${await answer.text()}`)
}

export async function deleteSecret(SecretId: string): Promise<void> {
  await secretCall('DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true })
}

/** A queue that is subscribed to the topic that people are told by. */
export async function subscribedQueue(name: string) {
  const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: name }))
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  )
  const answer = await sns.fetch(stack.emulator_url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'Subscribe',
      Version: '2010-03-31',
      TopicArn: stack.notification_topic,
      Protocol: 'sqs',
      Endpoint: Attributes?.QueueArn ?? '',
    }).toString(),
  })
  if (!answer.ok) throw new Error(`Subscribe: ${await answer.text()}`)
  return { url: QueueUrl, remove: () => clients.sqs.send(new DeleteQueueCommand({ QueueUrl })) }
}

export type Received = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A receiver of webhooks on this machine: it keeps what it gets, and answers as a test says. */
export async function startReceiver(statusFor: (received: Received) => number) {
  const received: (Received & { readonly status: number })[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { headers, url: path = '' } = request
      const got = { path, headers, body: Buffer.concat(chunks).toString() }
      const status = statusFor(got)
      received.push({ ...got, status })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

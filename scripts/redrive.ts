import { parseArgs } from 'node:util'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import * as z from 'zod'
import { stageNames } from '../infra/config.ts'
import { Trouble } from './local/trouble.ts'

const queues = ['kms', 'acm_pca', 'apply', 'status', 'notify', 'push'] as const

const usage = `npm run redrive -- QUEUE [options]

Sends the dead letters of a queue again, one by one: each is on its queue before
it is taken out of the dead letters, so that none is lost. Every worker may be
handed the same message twice. It acts with your AWS credentials
(AWS_ENDPOINT_URL for an emulator), and needs sqs:ReceiveMessage and
sqs:DeleteMessage on the dead letters and sqs:SendMessage on the queue; to show
them, sqs:ReceiveMessage and sqs:ChangeMessageVisibility.

  QUEUE           ${queues.join(', ')}
  --stage NAME    the stage that is deployed: ${stageNames.join(', ')}    (default dev)
  --show          only show them
  --help          this text`

const given = z.strictObject({
  queue: z.enum(queues, `name a queue: ${queues.join(', ')}`),
  stage: z.enum(stageNames),
  show: z.boolean(),
})

type Given = z.infer<typeof given>

function readArguments(args: readonly string[]): Given | null {
  const options = {
    stage: { type: 'string', default: 'dev' },
    show: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const { help, ...rest } = values
    if (help) return null
    const read = given.safeParse({ queue: positionals[0], ...rest })
    if (read.success && positionals.length === 1) return read.data
    throw new Trouble(read.success ? 'one queue at a time' : z.prettifyError(read.error))
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble(`${error instanceof Error ? error.message : error} (see --help)`)
  }
}

/** The URLs of a queue and of its dead letters, as the stage's stack names them. */
async function urlsOf({ queue, stage }: Given) {
  const StackName = `countersign-${stage}`
  const { Stacks = [] } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName }))
  const output = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'Queues')?.OutputValue
  const urls = z.record(z.string(), z.string()).parse(JSON.parse(output ?? '{}'))
  const [to, from] = [urls[queue], urls[`${queue}_dead_letters`]]
  if (to === undefined || from === undefined) throw new Trouble(`stack ${StackName} has no queue ${queue}`)
  return { to, from }
}

async function* deadLetters(sqs: SQSClient, QueueUrl: string): AsyncGenerator<Message> {
  for (;;) {
    const ask = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 30, WaitTimeSeconds: 1 }
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(ask))
    if (Messages.length === 0) return
    yield* Messages
  }
}

/** Whoever has seen them may want to send them at once: they are not left hidden. */
async function show(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const shown: (string | undefined)[] = []
  for await (const { Body = '', ReceiptHandle } of deadLetters(sqs, QueueUrl)) {
    console.log(Body)
    shown.push(ReceiptHandle)
  }
  for (const ReceiptHandle of shown)
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))
  return shown.length
}

async function sendAgain(sqs: SQSClient, from: string, to: string): Promise<number> {
  let count = 0
  for await (const { Body = '', ReceiptHandle } of deadLetters(sqs, from)) {
    count += 1
    console.log(Body)
    await sqs.send(new SendMessageCommand({ QueueUrl: to, MessageBody: Body }))
    await sqs.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle }))
  }
  return count
}

async function main(): Promise<number> {
  const wanted = readArguments(process.argv.slice(2))
  if (wanted === null) {
    console.log(usage)
    return 0
  }
  const sqs = new SQSClient({})
  const { from, to } = await urlsOf(wanted)
  if (wanted.show) console.log(`${await show(sqs, from)} there`)
  else console.log(`${await sendAgain(sqs, from, to)} sent again`)
  return 0
}

try {
  process.exit(await main())
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

import { parseArgs } from 'node:util'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { stageNames } from '../infra/config.ts'
import { objects } from '../lib/aws/objects.ts'
import { issuers } from '../lib/aws/rules.ts'
import { shardRows } from '../lib/aws/shard-rows.ts'
import { revocationLists } from '../lib/aws/status-records.ts'
import { tableClient } from '../lib/aws/table-client.ts'
import { type Rebuilt, rebuiltShards } from '../lib/flows/verify-lists.ts'
import { Trouble } from './local/trouble.ts'

const usage = `npm run verify-lists -- [options]

Makes the rows of every revocation list anew from the table, and says whether
they are, octet for octet, those that the lists were made of. It acts with your
AWS credentials, from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION
(AWS_ENDPOINT_URL for an emulator), and changes nothing.

  --stage NAME    the stage that is deployed: ${stageNames.join(', ')}    (default dev)
  --repair        has the lists that differ published anew
  --help          this text`

const needed = (name: string): string => {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Trouble(`${name} is not set`)
  return value
}

async function outputsOf(stage: string): Promise<(name: string) => string> {
  const StackName = `countersign-${stage}`
  const { Stacks = [] } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName }))
  return (name) => {
    const found = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === name)?.OutputValue
    if (found === undefined) throw new Trouble(`stack ${StackName} has no output ${name}; is it deployed?`)
    return found
  }
}

const say = ({ issuer_id, shard, number, entries, outcome }: Rebuilt): void =>
  console.log(
    `${issuer_id} ${shard}: list ${number}, ${entries} certificates: ${outcome.replaceAll('_', ' ')}`,
  )

async function repair(queues: string, differing: readonly Rebuilt[]): Promise<void> {
  const { status } = JSON.parse(queues) as { readonly status: string }
  const client = new SQSClient({})
  for (const { issuer_id, shard } of differing) {
    const MessageBody = JSON.stringify({ type: 'publish', issuer_id, shards: [shard] })
    await client.send(new SendMessageCommand({ QueueUrl: status, MessageBody }))
  }
  console.log(`${differing.length} to be published anew`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string', default: 'dev' },
      repair: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const output = await outputsOf(values.stage)
  const table = tableClient(output('TableName'), new DynamoDBClient({}))
  const rows = shardRows(
    objects({
      name: output('BucketName'),
      region: needed('AWS_REGION'),
      endpoint: process.env.AWS_ENDPOINT_URL,
      credentials: {
        accessKeyId: needed('AWS_ACCESS_KEY_ID'),
        secretAccessKey: needed('AWS_SECRET_ACCESS_KEY'),
        sessionToken: process.env.AWS_SESSION_TOKEN ?? '',
      },
    }),
  )
  const differing: Rebuilt[] = []
  for await (const rebuilt of rebuiltShards({
    issuers: issuers(table),
    lists: revocationLists(table),
    rows,
  })) {
    say(rebuilt)
    if (rebuilt.outcome !== 'equal') differing.push(rebuilt)
  }
  if (values.repair && differing.length > 0) await repair(output('Queues'), differing)
  console.log(differing.length === 0 ? 'every list is what the table says' : `${differing.length} differ`)
  return differing.length === 0 ? 0 : 1
}

try {
  process.exit(await main())
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exit(2)
}

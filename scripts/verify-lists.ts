import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { stageNames } from '../infra/config.ts'
import { type AwsAccess, jsonCall } from '../lib/aws/aws-call.ts'
import { objects } from '../lib/aws/objects.ts'
import { issuers } from '../lib/aws/rules.ts'
import { shardRows } from '../lib/aws/shard-rows.ts'
import { revocationLists } from '../lib/aws/status-records.ts'
import { tableClient } from '../lib/aws/table-client.ts'
import { type Rebuilt, rebuiltShards } from '../lib/flows/verify-lists.ts'
import { ownAccess } from './local/access.ts'
import { Trouble } from './local/trouble.ts'

const usage = `npm run verify-lists -- [options]

Makes the rows of every revocation list anew from the table, and says whether
they are, octet for octet, those that the lists were made of, and whether the
status site has the lists and the CA certificates. It acts with your AWS
credentials (AWS_ENDPOINT_URL for an emulator), and changes nothing by itself.

  --stage NAME    the stage that is deployed: ${stageNames.join(', ')}    (default dev)
  --repair        has what differs or is not served published anew, from the table,
                  and waits for it, for up to two minutes
  --help          this text`

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

/** All of an issuer where something is not served; else its lists that differ. */
const messagesFor = (differing: readonly Rebuilt[]): readonly object[] => {
  const byIssuer = Map.groupBy(differing, ({ issuer_id }) => issuer_id)
  return [...byIssuer].map(([issuer_id, found]) => {
    const whole = found.some(({ outcome }) => outcome === 'not_served')
    return { type: 'publish', issuer_id, shards: whole ? null : found.map(({ shard }) => shard) }
  })
}

async function repair(access: AwsAccess, queues: string, differing: readonly Rebuilt[]): Promise<void> {
  const { status } = JSON.parse(queues) as { readonly status: string }
  const call = jsonCall('sqs', access)
  for (const message of messagesFor(differing))
    await call('SendMessage', { QueueUrl: status, MessageBody: JSON.stringify(message) })
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
  const access = await ownAccess()
  const table = tableClient(output('TableName'), access)
  const stored = objects({ name: output('BucketName'), ...access })
  const rebuilt = () =>
    rebuiltShards({
      issuers: issuers(table),
      lists: revocationLists(table),
      rows: shardRows(stored),
      served: async (path) => (await stored.get(path)) !== null,
    })
  let found: readonly Rebuilt[] = await differingOf(rebuilt(), say)
  if (values.repair && found.length > 0) {
    await repair(access, output('Queues'), found)
    found = await untilEqual(rebuilt)
  }
  const differing = found.length
  console.log(differing === 0 ? 'every list is what the table says' : `${differing} differ`)
  return differing === 0 ? 0 : 1
}

async function differingOf(lists: AsyncIterable<Rebuilt>, tell: (list: Rebuilt) => void) {
  const differing: Rebuilt[] = []
  for await (const list of lists) {
    tell(list)
    if (list.outcome !== 'equal') differing.push(list)
  }
  return differing
}

/** What is asked for by a message takes a moment; what takes longer than two minutes has another cause. */
async function untilEqual(rebuilt: () => AsyncIterable<Rebuilt>): Promise<readonly Rebuilt[]> {
  const end = Date.now() + 120_000
  for (;;) {
    await pause(2000)
    const lists: Rebuilt[] = []
    const differing = await differingOf(rebuilt(), (list) => lists.push(list))
    if (differing.length > 0 && Date.now() < end) continue
    lists.forEach(say)
    return differing
  }
}

try {
  process.exit(await main())
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : error}`)
  process.exit(2)
}

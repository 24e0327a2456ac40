import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
} from '@aws-sdk/client-sfn'
import { eventually } from '../../scripts/local/api.ts'
import { clients, stack } from './stack.ts'

const arnOf = (approval_id: string): string =>
  `${stack.state_machine_arn.replace(':stateMachine:', ':execution:')}:${approval_id}`

/** The execution of an approval; null where there is none. */
export async function executionOf(approval_id: string) {
  try {
    return await clients.sfn.send(new DescribeExecutionCommand({ executionArn: arnOf(approval_id) }))
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return null
    throw error
  }
}

export async function executionEnded(approval_id: string): Promise<string> {
  return eventually(`execution ${approval_id} over`, async () => {
    const status = (await executionOf(approval_id))?.status ?? 'none'
    return status === 'RUNNING' || status === 'none' ? { seen: status } : { found: status }
  })
}

async function historyOf(executionArn: string): Promise<readonly HistoryEvent[]> {
  const events: HistoryEvent[] = []
  let nextToken: string | undefined
  do {
    const page = await clients.sfn.send(
      new GetExecutionHistoryCommand({
        executionArn,
        maxResults: 1000,
        ...(nextToken === undefined ? {} : { nextToken }),
      }),
    )
    events.push(...(page.events ?? []))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return events
}

const namesIn = (history: readonly HistoryEvent[]): readonly string[] =>
  history.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? [])

/** The states that the execution of an approval went through, by name, in order. */
export async function statesOf(approval_id: string): Promise<readonly string[]> {
  return namesIn(await historyOf(arnOf(approval_id)))
}

/** The states of its releases, oldest first. The emulator keeps a history of express workflows, too. */
export async function releasesOf(approval_id: string): Promise<readonly (readonly string[])[]> {
  const stateMachineArn = stack.state_machine_arn.replace(/-approval$/, '-release')
  const { executions = [] } = await clients.sfn.send(
    new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }),
  )
  const own = executions
    .filter(({ name }) => name?.startsWith(`${approval_id}-`))
    .sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1))
  return Promise.all(own.map(async ({ executionArn = '' }) => namesIn(await historyOf(executionArn))))
}

/** Whether any release of this approval came to dispatch its job. */
export async function wasDispatched(approval_id: string): Promise<boolean> {
  const releases = await releasesOf(approval_id)
  if (releases.length === 0) throw new Error(`nothing was released for ${approval_id}, nor refused`)
  return releases.flat().includes('Dispatch')
}

export async function parkedToken(approval_id: string): Promise<string | null> {
  const { Item } = await clients.dynamodb.send(
    new GetItemCommand({
      TableName: stack.tokens_table,
      Key: { pk: { S: approval_id } },
      ConsistentRead: true,
    }),
  )
  return Item?.token?.S ?? null
}

/** The token of a waiting execution once it is parked, other than one that was seen before. */
export async function tokenOf(approval_id: string, before: string | null = null): Promise<string> {
  return eventually(`a token of ${approval_id}`, async () => {
    const token = await parkedToken(approval_id)
    return token === null || token === before ? { seen: String(token) } : { found: token }
  })
}

import { randomUUID } from 'node:crypto'
import { AwsClient } from 'aws4fetch'
import type { FunctionId } from '../../infra/access.ts'
import { credentials } from '../../scripts/local/environment.ts'
import { stack } from './stack.ts'

const clientOf = (service: string) => new AwsClient({ ...credentials, service, region: stack.region })

const lambda = clientOf('lambda')
const logs = clientOf('logs')

/** What a deployed function returns. */
export async function invoke(id: FunctionId, payload: unknown = {}): Promise<unknown> {
  const url = `${stack.emulator_url}/2015-03-31/functions/countersign-local-${id}/invocations`
  const answer = await lambda.fetch(url, { method: 'POST', body: JSON.stringify(payload) })
  const text = await answer.text()
  if (!answer.ok || answer.headers.has('x-amz-function-error')) throw new Error(`${id}: ${text}`)
  return JSON.parse(text)
}

/** The hash of the code that a function runs. */
export async function codeOf(id: FunctionId): Promise<string> {
  const answer = await lambda.fetch(
    `${stack.emulator_url}/2015-03-31/functions/countersign-local-${id}/configuration`,
  )
  return ((await answer.json()) as { CodeSha256: string }).CodeSha256
}

/** The environment variables of a deployed function. */
export async function variablesOf(id: FunctionId): Promise<Readonly<Record<string, string>>> {
  const answer = await lambda.fetch(
    `${stack.emulator_url}/2015-03-31/functions/countersign-local-${id}/configuration`,
  )
  const { Environment } = (await answer.json()) as { Environment: { Variables: Record<string, string> } }
  return Environment.Variables
}

const configure = async (id: FunctionId, change: object): Promise<void> => {
  const url = `${stack.emulator_url}/2015-03-31/functions/countersign-local-${id}/configuration`
  const answer = await lambda.fetch(url, { method: 'PUT', body: JSON.stringify(change) })
  if (!answer.ok) throw new Error(`${id}: ${await answer.text()}`)
}

/** Gives a deployed function these variables and no others; its next call is by a process that has them. */
export const setVariables = (id: FunctionId, Variables: Readonly<Record<string, string>>): Promise<void> =>
  configure(id, { Environment: { Variables } })

/** Gives a deployed function further variables. */
export async function changeVariables(id: FunctionId, more: Readonly<Record<string, string>>): Promise<void> {
  await setVariables(id, { ...(await variablesOf(id)), ...more })
}

/** Lets a deployed function run for so many seconds and no longer. */
export const setTimeoutOf = (id: FunctionId, seconds: number): Promise<void> =>
  configure(id, { Timeout: seconds })

/** An SQS event with these bodies; the message ids are the places in the list. */
export const sqsEvent = (...bodies: readonly unknown[]) => ({
  Records: bodies.map((body, place) => ({
    messageId: String(place),
    receiptHandle: randomUUID(),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {},
    messageAttributes: {},
    eventSource: 'aws:sqs',
    awsRegion: stack.region,
  })),
})

const ask = async (operation: string, body: object) => {
  const answer = await logs.fetch(stack.emulator_url, {
    method: 'POST',
    headers: {
      'x-amz-target': `Logs_20140328.${operation}`,
      'content-type': 'application/x-amz-json-1.1',
    },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`)
  return answer.json() as Promise<{
    readonly events?: readonly { readonly message: string }[]
    readonly logGroups?: readonly { readonly logGroupName: string }[]
    readonly nextToken?: string
  }>
}

/** Every line of a log group. */
export async function linesOf(logGroupName: string): Promise<readonly string[]> {
  const lines: string[] = []
  let nextToken: string | undefined
  do {
    const page = await ask('FilterLogEvents', { logGroupName, ...(nextToken ? { nextToken } : {}) })
    lines.push(...(page.events ?? []).map(({ message }) => message))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return lines
}

export async function logGroups(): Promise<readonly string[]> {
  return ((await ask('DescribeLogGroups', {})).logGroups ?? []).map(({ logGroupName }) => logGroupName)
}

export const logGroupOf = (id: FunctionId): string => `/countersign/local/${id}`

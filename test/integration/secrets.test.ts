import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { beforeAll, describe, expect, it } from 'vitest'
import { credentials, region } from '../../scripts/local/environment.ts'
import { as, clients, stack } from '../support/stack.ts'

/** One call of CloudWatch Logs, as the emulator takes it. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of AWS, of which a field or two are looked at
const logs = async (action: string, body: object): Promise<any> => {
  const scope = `${credentials.accessKeyId}/20260101/${region}/logs/aws4_request`
  const answer = await fetch(stack.emulator_url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=a`,
    },
    body: JSON.stringify(body),
  })
  return answer.json()
}

const everythingLogged = async (): Promise<string> => {
  const { logGroups } = await logs('DescribeLogGroups', {})
  const texts: string[] = []
  for (const { logGroupName } of logGroups as { logGroupName: string }[]) {
    let nextToken: string | undefined
    do {
      const page = await logs('FilterLogEvents', { logGroupName, ...(nextToken ? { nextToken } : {}) })
      texts.push(...page.events.map(({ message }: { message: string }) => message))
      nextToken = page.nextToken
    } while (nextToken !== undefined)
  }
  return texts.join('\n')
}

const everythingStored = async (): Promise<string> => {
  const texts: string[] = []
  let start: Record<string, never> | undefined
  do {
    const { Items = [], LastEvaluatedKey } = await clients.dynamodb.send(
      new ScanCommand({
        TableName: stack.table,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    )
    texts.push(JSON.stringify(Items))
    start = LastEvaluatedKey as typeof start
  } while (start !== undefined)
  return texts.join('\n')
}

const secretOf = (token: string): string => token.slice(-43)

describe('Everything that this run stored and logged', () => {
  const secrets: string[] = Object.values(stack.principals).map(({ api_key }) => secretOf(api_key))

  beforeAll(async () => {
    const { json } = await as('carol').post('/principals', { kind: 'service', name: 'grepped' })
    const { id } = json as { id: string }
    const ask = async (path: string, token: string, method = 'GET', body?: string) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `grep-${id}`,
      }
      const answer = await fetch(`${stack.api_url}/api/v1${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      })
      return (await answer.json()) as { token?: string }
    }
    const made = await ask(`/principals/${id}/api-keys`, stack.principals.carol.api_key, 'POST', '{}')
    const token = made.token ?? ''
    const forged = `${token.slice(0, -43)}${'Q'.repeat(43)}`
    secrets.push(secretOf(token), secretOf(forged), 'not.a.real-token-of-anybody')
    for (const one of [token, forged, 'not.a.real-token-of-anybody']) {
      await ask('/jobs', one)
      await ask('/principals', one, 'POST', `{"kind":"${one}"}`)
      await ask(`/audit?cursor=${one}`, one)
    }
  })

  it.each([
    ['the table', everythingStored],
    ['the logs of every function', everythingLogged],
  ])('%s: no secret of a key and no token in it', async (_, gather) => {
    const everything = await gather()
    expect(everything.length).toBeGreaterThan(10_000)
    for (const secret of secrets) expect(everything).not.toContain(secret)
  })
})

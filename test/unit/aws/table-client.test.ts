import { Readable } from 'node:stream'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { tableClient } from '../../../lib/aws/table-client.ts'

type Asked = { readonly RequestItems: { readonly t: { readonly Keys: readonly { sk: { S: string } }[] } } }

/** A table that answers each call for so many keys, and leaves the others out. */
const shortOf = (capacity: number) => {
  const calls: number[] = []
  const handle = async ({ body }: { readonly body: string }) => {
    const { Keys } = (JSON.parse(body) as Asked).RequestItems.t
    calls.push(Keys.length)
    const [now, later] = [Keys.slice(0, capacity), Keys.slice(capacity)]
    const answer = {
      Responses: { t: now.map((key) => ({ ...key, n: { N: '1' } })) },
      UnprocessedKeys: later.length === 0 ? {} : { t: { Keys: later, ConsistentRead: true } },
    }
    const headers = { 'content-type': 'application/x-amz-json-1.0' }
    return {
      response: { statusCode: 200, headers, body: Readable.from([Buffer.from(JSON.stringify(answer))]) },
    }
  }
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { handle } as never,
  })
  return { calls, table: tableClient('t', client) }
}

const keys = Array.from({ length: 5 }, (_, n) => ({ pk: 'p', sk: `${n}` }))

describe('many rows at once', () => {
  it('are asked for again where the table left some out, and come in the order of their keys', async () => {
    const { table, calls } = shortOf(2)
    expect(await table.getAll(keys)).toEqual(keys.map((key) => ({ ...key, n: 1 })))
    expect(calls).toEqual([5, 3, 1])
  })

  it('are not asked for without end', async () => {
    const { table, calls } = shortOf(0)
    await expect(table.getAll(keys)).rejects.toThrow('did not answer for every key')
    expect(calls).toHaveLength(5)
  })
})

import { randomUUID } from 'node:crypto'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificates } from '../../lib/aws/certificates.ts'
import { items } from '../../lib/aws/table.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import type { Certificate } from '../../lib/model/certificate.ts'
import type { Page } from '../../lib/ports/page.ts'
import { type StandIn, standInForAws } from '../support/aws-stand-in.ts'
import { clients, stack } from '../support/stack.ts'

const rows = 2000
const name = `paging-${randomUUID()}`

const certificateAt = (n: number, id: string): Certificate => ({
  id,
  version: 1,
  name: 'n',
  owner: 'team',
  team: null,
  profile_id: 'p-web',
  issuer_id: 'iss-web',
  status: 'Active',
  current_version: 0,
  not_after: null,
  created_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
})

const put = async (all: readonly Certificate[]): Promise<void> => {
  for (let at = 0; at < all.length; at += 25) {
    const requests = all.slice(at, at + 25).map((one) => ({ PutRequest: { Item: items.certificate(one) } }))
    await clients.dynamodb.send(new BatchWriteCommand({ RequestItems: { [name]: requests } }) as never)
  }
}

const standIns: StandIn[] = []

/** A table that tells what each query looked at and what it cost. */
const measured = async () => {
  const seen: { read: number; capacity: number }[] = []
  const standIn = await standInForAws(async ({ headers, input }) => {
    const { host: _, 'content-length': __, ...passed } = headers
    const answer = await fetch(stack.emulator_url, {
      method: 'POST',
      headers: passed as Record<string, string>,
      body: JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }),
    })
    const body = (await answer.json()) as {
      ScannedCount?: number
      Responses?: Readonly<Record<string, readonly unknown[]>>
      ConsumedCapacity?: { CapacityUnits?: number }
    }
    // The emulator counts no capacity for a BatchGetItem: there, the rows are what it costs.
    const read = body.ScannedCount ?? body.Responses?.[name]?.length ?? -1
    seen.push({ read, capacity: body.ConsumedCapacity?.CapacityUnits ?? read })
    return { status: answer.status, body }
  })
  standIns.push(standIn)
  return { list: certificates(tableClient(name, standIn.access)).list, seen }
}

beforeAll(async () => {
  const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName: stack.table }))
  const indexes = Table?.GlobalSecondaryIndexes ?? []
  await clients.dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: Table?.KeySchema,
      AttributeDefinitions: Table?.AttributeDefinitions,
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
  )
  await waitUntilTableExists({ client: clients.dynamodb, maxWaitTime: 30 }, { TableName: name })
  await put(Array.from({ length: rows }, (_, n) => certificateAt(n, `mc-row-${n}`)))
}, 120_000)

afterAll(async () => {
  for (const { stop } of standIns) stop()
  await clients.dynamodb.send(new DeleteTableCommand({ TableName: name }))
})

describe('2,000 rows of DynamoDB', () => {
  it('are met exactly once each, while others are added all over', async () => {
    const { list } = await measured()
    const seen: string[] = []
    let after: string | null = null
    let page = 0
    do {
      const place = page * 100
      const added = [
        certificateAt(1, `mc-early-${page}`),
        certificateAt(place + 100, `mc-here-${page}`),
        certificateAt(rows - 1, `mc-ahead-${page}`),
      ]
      const [found]: readonly [Page<Certificate>, unknown] = await Promise.all([
        list({}, { limit: 100, after }),
        put(added),
      ])
      seen.push(...found.rows.map(({ id }) => id))
      after = found.next
      page += 1
    } while (after !== null)
    const old = seen.filter((id) => id.startsWith('mc-row-'))
    expect(new Set(old).size).toBe(rows)
    expect(new Set(seen).size).toBe(seen.length)
  }, 60_000)

  it('page 1,000 reads and costs what page 1 does', async () => {
    const { list, seen } = await measured()
    let after: string | null = null
    for (let page = 0; page < 10; page += 1) after = (await list({}, { limit: 199, after })).next
    // The place where page 1,000 begins, two rows a page.
    after = (await list({}, { limit: 8, after })).next
    const costOf = async (place: string | null) => {
      seen.length = 0
      expect((await list({}, { limit: 2, after: place })).rows).toHaveLength(2)
      return [...seen]
    }
    const first = await costOf(null)
    const thousandth = await costOf(after)
    expect(thousandth).toHaveLength(first.length)
    expect(first[0]?.read).toBeLessThanOrEqual(3)
    expect(thousandth[0]?.read).toBeLessThanOrEqual(4)
    expect(thousandth.map(({ capacity }) => capacity)).toEqual(first.map(({ capacity }) => capacity))
    for (const { capacity } of first) expect(capacity).toBeGreaterThan(0)
  }, 60_000)
})

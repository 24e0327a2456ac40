import { afterEach, describe, expect, it } from 'vitest'
import { tableClient } from '../../../lib/aws/table-client.ts'
import type { TableWrite } from '../../../lib/aws/table-writes.ts'
import { type AskedOfAws, type AwsAnswer, type StandIn, standInForAws } from '../../support/aws-stand-in.ts'

let standIn: StandIn | null = null

afterEach(() => standIn?.stop())

/** A table whose calls a test answers. */
const tableThat = async (answer: (asked: AskedOfAws) => AwsAnswer) => {
  standIn = await standInForAws(answer)
  return tableClient('t', standIn.access)
}

/** A table that answers each call for so many keys, and leaves the others out. */
const shortOf = async (capacity: number) => {
  const calls: number[] = []
  const table = await tableThat(({ input }) => {
    const { Keys } = input.RequestItems.t as { readonly Keys: readonly object[] }
    calls.push(Keys.length)
    const [now, later] = [Keys.slice(0, capacity), Keys.slice(capacity)]
    return {
      body: {
        Responses: { t: now.map((key) => ({ ...key, n: { N: '1' } })) },
        UnprocessedKeys: later.length === 0 ? {} : { t: { Keys: later, ConsistentRead: true } },
      },
    }
  })
  return { calls, table }
}

const keys = Array.from({ length: 5 }, (_, n) => ({ pk: 'p', sk: `${n}` }))

describe('many rows at once', () => {
  it('are asked for again where the table left some out, and come in the order of their keys', async () => {
    const { table, calls } = await shortOf(2)
    expect(await table.getAll(keys)).toEqual(keys.map((key) => ({ ...key, n: 1 })))
    expect(calls).toEqual([5, 3, 1])
  })

  it('are not asked for without end', async () => {
    const { table, calls } = await shortOf(0)
    await expect(table.getAll(keys)).rejects.toThrow('did not answer for every key')
    expect(calls).toHaveLength(5)
  })
})

const put = (n: number): TableWrite => ({ of: 'job', put: { pk: 'p', sk: `${n}` }, condition: 'absent' })

const fault = (type: string, more: object = {}): AwsAnswer => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no', ...more },
})

const cancelled = (...codes: readonly string[]): AwsAnswer =>
  fault('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) })

/** A table that answers one after the other, and takes what comes after. */
const answering = async (...answers: readonly AwsAnswer[]) => {
  const asked: AskedOfAws[] = []
  const table = await tableThat((one) => answers[asked.push(one) - 1] ?? { body: {} })
  return { table, asked }
}

describe('several writes together', () => {
  it('are one transaction, which is the same one when it is asked for again', async () => {
    const { table, asked } = await answering({ status: 500, body: '' })
    expect(await table.transact([put(1), put(2)])).toBe('committed')
    expect(asked.map(({ operation }) => operation)).toEqual(['TransactWriteItems', 'TransactWriteItems'])
    const [first, second] = asked.map(({ input }) => input.ClientRequestToken)
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).toBe(first)
  })

  it('are another transaction where the first one met somebody else', async () => {
    const { table, asked } = await answering(cancelled('None', 'TransactionConflict'))
    expect(await table.transact([put(1), put(2)])).toBe('committed')
    const tokens = asked.map(({ input }) => input.ClientRequestToken)
    expect(new Set(tokens).size).toBe(2)
  })

  it.each(['ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'are tried again where there was no capacity for them (%s)',
    async (code) => {
      const { table, asked } = await answering(cancelled('None', code))
      expect(await table.transact([put(1), put(2)])).toBe('committed')
      expect(asked).toHaveLength(2)
    },
  )

  it('are a fault in the end, and no conflict, where there is no capacity for them', async () => {
    const short = cancelled('None', 'ProvisionedThroughputExceeded')
    const { table, asked } = await answering(short, short, short, short, short)
    await expect(table.transact([put(1), put(2)])).rejects.toThrow('dynamodb answered TransactWriteItems')
    expect(asked).toHaveLength(5)
  })

  it.each<[string, readonly string[], string]>([
    ['the first that fails', ['ConditionalCheckFailed', 'ConditionalCheckFailed'], 'job'],
    ['the one that fails, not one that is held', ['TransactionConflict', 'ConditionalCheckFailed'], 'event'],
    [
      'the one that fails, whatever there was no capacity for',
      ['ThrottlingError', 'ConditionalCheckFailed'],
      'event',
    ],
  ])('are in conflict over %s', async (_, codes, conflict) => {
    const { table, asked } = await answering(cancelled(...codes))
    expect(await table.transact([put(1), { ...put(2), of: 'event' }])).toEqual({ conflict })
    expect(asked).toHaveLength(1)
  })

  it.each<[string, AwsAnswer]>([
    ['something else cancels them', cancelled('None', 'ValidationError')],
    ['nothing says why', fault('TransactionCanceledException')],
    ['the reasons are of another shape', fault('TransactionCanceledException', { CancellationReasons: [7] })],
    ['they are not allowed', fault('AccessDeniedException')],
  ])('are a fault where %s', async (_, answer) => {
    const { table } = await answering(answer)
    await expect(table.transact([put(1), put(2)])).rejects.toThrow('dynamodb answered TransactWriteItems')
  })
})

describe('one write', () => {
  it('goes without a transaction, and is in conflict where its condition fails', async () => {
    const { table, asked } = await answering(fault('ConditionalCheckFailedException'))
    expect(await table.transact([put(1)])).toEqual({ conflict: 'job' })
    expect(asked.map(({ operation }) => operation)).toEqual(['PutItem'])
  })

  it('of a single attribute does nothing where another version is stored', async () => {
    const { table } = await answering(fault('ConditionalCheckFailedException'))
    await expect(table.set({ pk: 'p', sk: 's' }, { touched_at: 'now' }, 1)).resolves.toBeUndefined()
  })

  it('of a single attribute is a fault where the table fails', async () => {
    const { table } = await answering(fault('ValidationException'))
    await expect(table.set({ pk: 'p', sk: 's' }, { touched_at: 'now' }, 1)).rejects.toThrow(
      'ValidationException',
    )
  })
})

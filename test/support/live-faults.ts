import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import type { FunctionId } from '../../infra/access.ts'
import type { Fault } from './recorder-faults.ts'

const url = `${inject('recorder_url')}/_recorder/faults`

type Planted = Omit<Fault, 'id' | 'function'> & { readonly function: FunctionId }

/** Has calls of a function go wrong while something runs; gives how many did. */
export async function withFault(fault: Planted, run: () => Promise<void>): Promise<number> {
  const id = randomUUID()
  await fetch(url, { method: 'PUT', body: JSON.stringify({ id, ...fault }) })
  try {
    await run()
    const met = (await (await fetch(url)).json()) as Record<string, number>
    return met[id] ?? 0
  } finally {
    await fetch(url, { method: 'DELETE', body: id })
  }
}

/** An error as the JSON protocols of AWS have it. */
const failed = (type: string, more: object = {}) => ({
  status: 400,
  body: JSON.stringify({ __type: type, message: 'a fault of the test', ...more }),
})

export const throttled = failed('ThrottlingException')

export const overCapacity = failed('com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException')

export const inConflict = failed('com.amazonaws.dynamodb.v20120810#TransactionCanceledException', {
  CancellationReasons: [{ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }],
})

export const internal = { status: 500, body: JSON.stringify({ __type: 'InternalServerError' }) }

export const slowDown = { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }

import { inject } from 'vitest'
import type { FunctionId } from '../../infra/access.ts'
import type { Ending } from '../../scripts/local/emulator.ts'
import type { Fault } from './recorder-faults.ts'

const url = `${inject('recorder_url')}/_recorder`

export type Planted = Omit<Fault, 'id' | 'function'> & { readonly function: FunctionId }

const idOf = (fault: Planted): string => JSON.stringify(fault)

/** How often a planted fault was met. */
export async function metOf(fault: Planted): Promise<number> {
  const met = (await (await fetch(`${url}/faults`)).json()) as Record<string, number>
  return met[idOf(fault)] ?? 0
}

/** From now on calls of a function go wrong. */
export async function plant(fault: Planted): Promise<void> {
  await fetch(`${url}/faults`, { method: 'PUT', body: JSON.stringify({ id: idOf(fault), ...fault }) })
}

/** Calls of a function go wrong no longer. */
export async function pullUp(fault: Planted): Promise<void> {
  await fetch(`${url}/faults`, { method: 'DELETE', body: idOf(fault) })
}

/** Ends the emulator, and every function where it is; starts it again on what that left. */
export async function restartEmulator(how: Ending): Promise<void> {
  const answer = await fetch(`${url}/restart/${how}`, { method: 'PUT' })
  if (!answer.ok) throw new Error(`no restart: ${await answer.text()}`)
}

/** Has calls of a function go wrong while something runs; gives what that gives, or how many did where it gives nothing. */
export async function withFault<T>(
  fault: Planted,
  run: () => Promise<T>,
): Promise<T extends void ? number : T>
export async function withFault(fault: Planted, run: () => Promise<unknown>): Promise<unknown> {
  await plant(fault)
  try {
    const given = await run()
    return given === undefined ? await metOf(fault) : given
  } finally {
    await pullUp(fault)
  }
}

/** Ends the processes that run a function now, as a machine that fails would. */
export async function killFunction(id: FunctionId): Promise<number> {
  const answer = await fetch(`${url}/kill`, { method: 'PUT', body: id })
  return (await answer.json()) as number
}

/** An error as the JSON protocols of AWS have it. */
const failed = (type: string, more: object = {}) => ({
  status: 400,
  body: JSON.stringify({ __type: type, message: 'a fault of the test', ...more }),
})

const table = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`

export const throttled = failed('ThrottlingException')

export const overCapacity = failed(table('ProvisionedThroughputExceededException'))

export const inConflict = failed(table('TransactionCanceledException'), {
  CancellationReasons: [{ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' }],
})

export const internal = { status: 500, body: JSON.stringify({ __type: 'InternalServerError' }) }

export const slowDown = { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }

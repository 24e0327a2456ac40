import type { FunctionId } from '../../infra/access.ts'
import type { Resource } from '../../infra/grants.ts'
import { grantsOf, roleOf } from '../../infra/roles.ts'
import type { Item } from '../../lib/aws/table.ts'
import type { TableClient } from '../../lib/aws/table-client.ts'
import { sealReceipt } from '../../lib/flows/receipts.ts'
import type { Credential, ReceiptDraft } from '../../lib/model/receipt.ts'
import type { World } from './world.ts'

/** What AWS says to a function that asks for what its role does not have. */
export class Denied extends Error {}

const matches = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : pattern === key

const may = (id: FunctionId, action: string, on: Resource, key: string | null = null): boolean =>
  grantsOf(roleOf(id)).some(
    (grant) =>
      grant.on === on &&
      grant.actions.includes(action) &&
      (grant.keys === undefined || (key !== null && grant.keys.some((pattern) => matches(pattern, key)))),
  )

/**
 * What somebody has in hand who runs code of their own as one function: the
 * table as its role may write it, and the keys that it may use. The rows are
 * those of infra/access.ts, which the template is held against elsewhere.
 */
export const handsOf = (world: World, id: FunctionId) => {
  const demand = (action: string, on: Resource, key: string | null = null): void => {
    if (!may(id, action, on, key)) throw new Denied(`${id} may not ${action} ${key ?? on}`)
  }
  const write = (item: Item): void => {
    demand('dynamodb:PutItem', 'table', item.pk)
    world.table.write(item)
  }
  const table: TableClient = {
    ...world.table,
    transact: async (writes) => {
      for (const each of writes)
        if ('put' in each) demand('dynamodb:PutItem', 'table', each.put.pk)
        else demand('dynamodb:ConditionCheckItem', 'table', each.check.pk)
      return world.table.transact(writes)
    },
  }
  return {
    write,
    table,
    /** Hands a job to its worker, out of its turn. */
    dispatch: (): void => demand('sqs:SendMessage', 'queue-kms'),
    seal: (
      key: 'decision-key' | 'clock-key',
      draft: ReceiptDraft,
      credential: Credential,
    ): Promise<string> => {
      demand('kms:Sign', key)
      const receipts = key === 'decision-key' ? world.receipts : world.clockReceipts
      return sealReceipt({ ...world, receipts, credential }, draft)
    },
    useCaKey: (): void => demand('kms:Sign', 'ca-keys'),
  }
}

export type Hands = ReturnType<typeof handsOf>

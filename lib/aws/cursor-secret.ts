import { randomBytes } from 'node:crypto'
import type { CursorSecret } from '../ports/requests.ts'
import { keys } from './table.ts'
import type { TableClient } from './table-client.ts'

/** Made by whoever needs it first; read once in the life of a process. */
export const cursorSecret = (table: TableClient): CursorSecret => {
  let kept: Uint8Array | null = null
  const stored = async (): Promise<Uint8Array | null> => {
    const row = await table.get(keys.cursorSecret)
    return typeof row?.secret === 'string' ? Buffer.from(row.secret, 'base64') : null
  }
  return async () => {
    kept ??= await stored()
    if (kept !== null) return kept
    const put = { ...keys.cursorSecret, secret: randomBytes(32).toString('base64') }
    await table.transact([{ of: 'cursor_secret', put, condition: 'absent' }])
    // Whoever came first, theirs is the one.
    kept = await stored()
    if (kept === null) throw new Error('the cursor secret was not stored')
    return kept
  }
}

import * as z from 'zod'
import { event } from '../model/event.ts'
import { issuance, type Job, job, jobContent } from '../model/job.ts'
import type { JobFilter, Jobs } from '../ports.ts'
import { list } from './list.ts'
import { keys, lists, recordOf, tableWrites } from './table.ts'
import type { IndexQuery, Row, TableClient } from './table-client.ts'

const rowsOf = async (rows: AsyncIterable<Row>): Promise<readonly Row[]> => {
  const all: Row[] = []
  for await (const row of rows) all.push(row)
  return all
}

/** The narrowest index for a filter; what it does not cover is filtered after. */
const indexFor = (filter: JobFilter): Pick<IndexQuery, 'index' | 'pk'> => {
  if (filter.certificate_id !== undefined) return { index: 'gsi2', pk: lists.jobsOf(filter.certificate_id) }
  if (filter.approval_state !== undefined)
    return { index: 'gsi4', pk: lists.approvalsAt(filter.approval_state) }
  if (filter.status !== undefined) return { index: 'gsi3', pk: lists.jobsAt(filter.status) }
  return { index: 'gsi1', pk: lists.jobs }
}

const matches = (filter: JobFilter) => (row: Job) =>
  (filter.certificate_id === undefined || row.certificate_id === filter.certificate_id) &&
  (filter.status === undefined || row.status === filter.status) &&
  (filter.type === undefined || row.type === filter.type) &&
  (filter.approval_state === undefined || row.approval?.state === filter.approval_state) &&
  (filter.gated === undefined || (row.approval !== null) === filter.gated)

export const jobs = (table: TableClient): Jobs => ({
  load: async (id) => {
    const rows = await rowsOf(table.partition(`JOB#${id}`))
    if (rows.length === 0) return null
    const at = (sk: string) => {
      const row = rows.find((found) => found.sk === sk)
      return row === undefined ? undefined : recordOf(row)
    }
    const events = z
      .array(event)
      .safeParse(rows.filter(({ sk }) => String(sk).startsWith('EVENT#')).map(recordOf))
    const file = z
      .strictObject({ job, content: jobContent, issuance: issuance.nullable() })
      .safeParse({ job: at('JOB'), content: at('CONTENT'), issuance: at('ISSUANCE') ?? null })
    if (!events.success || !file.success)
      return {
        unreadable: z.prettifyError(events.error ?? file.error ?? new z.ZodError([])),
        events: events.data ?? [],
      }
    return { ...file.data, events: events.data }
  },
  commit: (change) => table.transact(tableWrites(change)),
  list: (filter, paging) =>
    list(
      table,
      { ...indexFor(filter), parse: (row) => job.parse(recordOf(row)), keep: matches(filter) },
      paging,
    ),
  due: async (now, limit) => {
    const rows = await table.index({ index: 'gsi5', pk: lists.due, after: null, before: `${now}~`, limit })
    return rows.map(({ pk }) => String(pk).replace(/^JOB#/, ''))
  },
  waitingSince: async () => {
    const pk = lists.approvalsAt('pending')
    const [oldest] = await table.index({ index: 'gsi4', pk, after: null, before: null, limit: 1 })
    return oldest === undefined ? null : (String(oldest.gsi4sk).split('#')[0] ?? null)
  },
  openBulkRevocations: async () => {
    const pk = lists.openBulkRevocations
    const rows = await table.index({ index: 'gsi2', pk, after: null, before: null, limit: 200 })
    return rows.map((row) => job.parse(recordOf(row)).id)
  },
  touch: ({ id, version }, now, due) =>
    table.set(keys.job(id), { touched_at: now, gsi5sk: `${due}#${id}` }, version),
})

import * as z from 'zod'
import type { ApprovalState } from '../model/approval.ts'
import { event } from '../model/event.ts'
import { requested } from '../model/first-events.ts'
import { issuance, type Job, type JobStatus, job, jobContent } from '../model/job.ts'
import { plannedIn } from '../model/retell.ts'
import { instant } from '../model/time.ts'
import type { JobFilter, Jobs } from '../ports/jobs.ts'
import { keyOf, list, rowsUnder } from './list.ts'
import { lists, type Place } from './lists.ts'
import { type Key, keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'
import { tableWrites } from './table-writes.ts'

const rowsOf = async (rows: AsyncIterable<Row>): Promise<readonly Row[]> => {
  const all: Row[] = []
  for await (const row of rows) all.push(row)
  return all
}

const everybody = ['by_people', 'by_nobody'] as const

/** The job whose chain has this event at this place: no chain has two. */
const jobWith = (sequence: number) => (listed: Key) =>
  listed.pk.startsWith('JOB#') && listed.sk === keys.event(listed.pk, sequence).sk
    ? { pk: listed.pk, sk: 'JOB' }
    : null

/** Every job begins with an event of its own types: in the order in which they were asked for. */
const begun: readonly Place[] = [...new Set(Object.values(requested).map(lists.eventsLike))].map((pk) => ({
  index: 'gsi1',
  pk,
  meant: jobWith(1),
}))

/** What people decide goes on at once by asking for an approval. */
const gated: Place = { index: 'gsi1', pk: lists.eventsLike('approval_requested'), meant: jobWith(2) }

const begunFor = (certificate: string): Place => ({
  index: 'gsi4',
  pk: lists.eventsOn(certificate),
  meant: jobWith(1),
})

const inGsi3 = (pk: string): Place => ({ index: 'gsi3', pk })

const placesByState = (state: ApprovalState): readonly Place[] => {
  switch (state) {
    case 'pending':
      return [inGsi3(lists.openJobs('by_people'))]
    case 'approved':
      return [gated]
    case 'rejected':
    case 'expired':
    case 'withdrawn':
      return [inGsi3(lists.jobsEnded('Cancelled'))]
  }
}

const placesByStatus = (status: JobStatus): readonly Place[] => {
  switch (status) {
    case 'AwaitingApproval':
      return [inGsi3(lists.openJobs('by_people'))]
    case 'Pending':
    case 'Running':
      return everybody.map((decided) => inGsi3(lists.openJobs(decided)))
    case 'Failed':
    case 'Cancelled':
      return [inGsi3(lists.jobsEnded(status))]
    case 'Completed':
      return begun
  }
}

/** The narrowest lists for a filter; what they do not cover is filtered after. */
const placesFor = (filter: JobFilter): readonly Place[] => {
  if (filter.certificate_id !== undefined) return [begunFor(filter.certificate_id)]
  if (filter.approval_state !== undefined) return placesByState(filter.approval_state)
  if (filter.status !== undefined) return placesByStatus(filter.status)
  if (filter.gated === true) return [gated]
  return begun
}

const idOf = ({ pk }: Row): string => String(pk).replace(/^JOB#/, '')

const matches = (filter: JobFilter) => (row: Job) =>
  (filter.certificate_id === undefined || row.certificate_id === filter.certificate_id) &&
  (filter.status === undefined || row.status === filter.status) &&
  (filter.type === undefined || row.type === filter.type) &&
  (filter.approval_state === undefined || row.approval?.state === filter.approval_state) &&
  (filter.gated === undefined || (row.approval !== null) === filter.gated)

/** What was approved a moment ago is still among the open ones, and a row that somebody made by hand may be. */
const waiting = z.looseObject({ state: z.literal('pending') })

/** How many rows are read at once, and of how many in all, to find who waits longest. */
const [atOnce, atMost] = [25, 1000]

/** Open jobs that people decide or have decided, oldest first. */
async function* openRows(table: TableClient): AsyncIterable<Row> {
  const pk = lists.openJobs('by_people')
  let after: string | null = null
  for (let seen = 0; seen < atMost; seen += atOnce) {
    const found = await table.index({ index: 'gsi3', pk, after, before: null, limit: atOnce })
    const rows = await rowsUnder(table, found.map(keyOf))
    for (const row of rows) if (row !== null) yield row
    if (found.length < atOnce) return
    after = String(found.at(-1)?.gsi3sk)
  }
}

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
      .safeParse({ job: at('JOB'), content: at('CONTENT'), issuance: plannedIn(events.data ?? []) })
    if (!events.success || !file.success)
      return {
        unreadable: z.prettifyError(events.error ?? file.error ?? new z.ZodError([])),
        events: events.data ?? [],
      }
    return { ...file.data, events: events.data }
  },
  heads: async (ids) =>
    (await rowsUnder(table, ids.map(keys.job))).map((row) =>
      row === null ? null : (job.safeParse(recordOf(row)).data ?? null),
    ),
  commit: (change) => table.transact(tableWrites(change)),
  list: (filter, paging) =>
    list(
      table,
      { places: placesFor(filter), parse: (row) => job.parse(recordOf(row)), keep: matches(filter) },
      paging,
    ),
  due: async (now, { after, limit }) => {
    const rows = await table.index({ index: 'gsi5', pk: lists.due, after, before: `${now}~`, limit })
    return { rows: rows.map(idOf), next: rows.length < limit ? null : String(rows.at(-1)?.gsi5sk) }
  },
  waitingSince: async () => {
    for await (const { created_at, approval } of openRows(table))
      if (waiting.safeParse(approval).success) return instant.parse(created_at)
    return null
  },
  openBulkRevocations: async () => {
    const pk = lists.openBulkRevocations
    const rows = await table.index({ index: 'gsi2', pk, after: null, before: null, limit: 200 })
    return rows.map(idOf)
  },
  touch: ({ id, version }, now, due) =>
    table.set(keys.job(id), { touched_at: now, gsi5sk: `${due}#${id}` }, version),
})

import * as z from 'zod'
import { eventTypes } from '../../model/event.ts'
import { requesterId } from '../../model/ids.ts'
import { paging, prefix, route, when } from '../operation.ts'
import { auditedView } from '../views.ts'

const interval = { from: when.optional(), to: when.optional() }
const inOrder = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  from === undefined || to === undefined || from < to
const outOfOrder = { error: 'must be after from', path: ['to'] }

const auditFilter = z
  .strictObject({
    ...paging,
    actor: z.union([requesterId, z.string().regex(/^system-[a-z-]{1,40}$/)]).optional(),
    action: z.enum(eventTypes).optional(),
    resource: z.string().min(1).max(128).optional(),
    ...interval,
  })
  .refine(inOrder, outOfOrder)
const auditExportFilter = z
  .strictObject({
    limit: z.coerce.number().int().min(1).max(1000).default(1000),
    cursor: paging.cursor,
    ...interval,
  })
  .refine(inOrder, outOfOrder)

export const audit = {
  listEvents: route({
    method: 'GET',
    path: `${prefix}/audit`,
    function: 'read',
    permission: 'audit',
    summary: 'List events, oldest first',
    query: auditFilter,
    output: z.array(auditedView),
  }),
  exportEvents: route({
    method: 'GET',
    path: `${prefix}/audit/export`,
    function: 'read',
    permission: 'audit',
    summary: 'Every event of a time, as NDJSON in pages; follow the Link to its end',
    query: auditExportFilter,
    output: null,
    media_type: 'application/x-ndjson',
  }),
} as const

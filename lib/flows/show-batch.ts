import type { JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import { type BatchLine, lineJobId, skippedIn } from '../model/renewal-batch.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Page, Paging } from '../ports/page.ts'
import type { RenewalPlans } from '../ports/renewals.ts'
import { plannedBatch } from './plan-renewals.ts'

const pageOf = <T>(all: readonly T[], { limit, after }: Paging): Page<T> & { readonly from: number } => {
  const from = after === null ? 0 : Number(after)
  const end = from + limit
  return { rows: all.slice(from, end), next: end < all.length ? String(end) : null, from }
}

/** The lines of a plan, in its order. */
export const plannedLines = async (
  deps: { readonly renewalPlans: Pick<RenewalPlans, 'get'> },
  digest: string,
  paging: Paging,
): Promise<Page<BatchLine>> => pageOf((await plannedBatch(deps, digest)).batch.lines, paging)

/**
 * What became of the lines of a batch: the job of each and where that stands,
 * why it was skipped, or that it waits. Refuses (`not_found`) a job that is no batch.
 */
export const renewalsOf = async (
  deps: { readonly jobs: Pick<Jobs, 'heads'> },
  file: JobFile,
  paging: Paging,
) => {
  const { job, content } = file
  if (content.type !== 'RenewalBatch') throw new Refusal('not_found', `job ${job.id} is no batch of renewals`)
  const { rows, next, from } = pageOf(content.lines, paging)
  const ids = rows.map((_, n) => lineJobId({ job_id: job.id, index: from + n }))
  const heads = await deps.jobs.heads(ids)
  const why = skippedIn(file.events)
  const shown = rows.map(({ certificate_id, replaces }, n) => {
    const detail = why.get(certificate_id) ?? null
    // What is in the place of a line that was skipped is none of it.
    const head = detail === null ? (heads[n] ?? null) : null
    return {
      index: from + n,
      certificate_id,
      replaces,
      job_id: head?.id ?? null,
      status: head?.status ?? (detail === null ? ('NotOpened' as const) : ('Skipped' as const)),
      detail: head?.error_message ?? detail,
    }
  })
  return { rows: shown, next }
}

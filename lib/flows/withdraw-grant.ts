import { jobOfGrant } from '../model/ids.ts'
import type { Job } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { withdrawGrant } from '../model/withdraw-grant.ts'
import type { Grants } from '../ports/grants.ts'
import type { DecideJobDeps } from './decide-job.ts'
import { sealReceipt } from './receipts.ts'

export type WithdrawGrantDeps = DecideJobDeps & { readonly grants: Pick<Grants, 'of'> }

const rounds = 8

/** The job that gave a grant, and what became of the grant. */
const load = async (deps: Pick<WithdrawGrantDeps, 'jobs' | 'grants'>, id: string) => {
  const file = await deps.jobs.load(jobOfGrant(id))
  if (file === null) throw new Refusal('not_found', `no grant ${id}`)
  if ('unreadable' in file) throw new Error(`the job of ${id} cannot be read: ${file.unreadable}`)
  if (file.content.type !== 'GrantChange') throw new Refusal('not_found', `no grant ${id}`)
  const { grants } = await deps.grants.of(file.content.certificate_id)
  const grant = grants.find((one) => one.id === id)
  if (grant === undefined) throw new Refusal('not_found', `no grant ${id}`)
  return { file, grant }
}

/**
 * Ends a standing grant, once: from then on nothing more is put on record to be
 * signed under it. Again where somebody else's step of its job came first.
 */
export const endGrant = async (
  deps: WithdrawGrantDeps,
  by: Principal,
  { id, note }: { readonly id: string; readonly note: string | null },
): Promise<Job> => {
  for (let round = 0; round < rounds; round += 1) {
    const found = await load(deps, id)
    const taken = withdrawGrant(found, by, note, deps.now())
    if (taken === null) return found.file.job
    const change = taken.change(await sealReceipt(deps, taken.receipt))
    if ((await deps.jobs.commit(change)) === 'committed') return change.job ?? found.file.job
  }
  throw new Error(`grant ${id} is too contended`)
}

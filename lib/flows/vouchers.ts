import type { Ending } from '../model/ending.ts'
import type { FounderFile } from '../model/founder.ts'
import type { JobFile } from '../model/job.ts'
import type { VerifyReceipt } from '../model/receipt.ts'
import { restsOn, type Vouchers } from '../model/vouching.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Founders } from '../ports/principals.ts'

type Deps = { readonly jobs: Pick<Jobs, 'load'>; readonly founders: Founders }

/** More than this many jobs behind one decision are not read; the gate refuses what is left out. */
const most = 100

const receiptsIn = ({ events }: JobFile): readonly string[] =>
  events.flatMap(({ details }) => (typeof details.receipt === 'string' ? [details.receipt] : []))

/** What the receipts of these jobs say they rest on. A receipt that does not verify says nothing. */
export const namedIn = (files: readonly JobFile[], verify: VerifyReceipt) => {
  const claims = files.flatMap(receiptsIn).flatMap((receipt) => verify(receipt) ?? [])
  const rests = claims.filter(({ verdict }) => verdict === 'approve').map(restsOn)
  return {
    jobs: [...new Set(rests.flatMap(({ jobs }) => jobs))],
    founders: [...new Set(rests.flatMap(({ founders }) => founders))],
    people: [...new Set(rests.flatMap(({ people }) => people))],
  }
}

/**
 * The jobs that made somebody one of those who decided these, those behind
 * them, and so on to the founders: as many rounds of reading as the chain is
 * long, each job, each founder and what was taken from each decider read once.
 */
export const vouchersOf = async (
  deps: Deps,
  files: readonly JobFile[],
  verify: VerifyReceipt,
): Promise<Vouchers> => {
  const made_by = new Map(files.map((file) => [file.job.id, file]))
  const founders = new Map<string, FounderFile>()
  const endings = new Map<string, readonly Ending[]>()
  const asked = new Set<string>(made_by.keys())
  let fresh = files
  while (fresh.length > 0) {
    const named = namedIn(fresh, verify)
    const jobs = named.jobs.filter((id) => !asked.has(id)).slice(0, Math.max(0, most - asked.size))
    const people = named.founders.filter((id) => !asked.has(id))
    for (const id of [...jobs, ...people]) asked.add(id)
    const [loaded, found] = await Promise.all([
      Promise.all(jobs.map((id) => deps.jobs.load(id))),
      Promise.all(people.map((id) => deps.founders.get(id))),
      Promise.all(
        named.people
          .filter((id) => !endings.has(id))
          .map(async (id) => endings.set(id, await deps.founders.endings(id))),
      ),
    ])
    fresh = loaded.flatMap((file) => (file === null || 'unreadable' in file ? [] : [file]))
    for (const file of fresh) made_by.set(file.job.id, file)
    for (const file of found) if (file !== null) founders.set(file.founder.id, file)
  }
  return { made_by, founders, endings }
}

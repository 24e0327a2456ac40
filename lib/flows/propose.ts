import type { Certificate } from '../model/certificate.ts'
import type { Write } from '../model/change.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { type Opening, openJob } from '../model/open-job.ts'
import type { Proposal } from './submit.ts'

type Asked = Omit<Opening, 'id'> & {
  /** Whose certificate it is about, where it is one that is answered with the job. */
  readonly certificate?: Certificate
  /** What else is written, or must hold, in the same transaction. */
  readonly writes?: readonly Write[]
}

/** The job that a request becomes, under an id of its own, with the event that tells of it. Nothing is stored yet. */
export const propose = (
  random: Random,
  now: Date,
  { certificate, writes = [], ...opening }: Asked,
): Proposal => {
  const { job, ...change } = openJob({ id: `job-${newSuffix(random)}`, ...opening }, writes, now)
  return { change: { ...change, job }, job, certificate: certificate ?? null }
}

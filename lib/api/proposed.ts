import type { Answer } from '../flows/once.ts'
import { type Proposal, type SubmitDeps, submit } from '../flows/submit.ts'
import { viewApproval, viewCertificate, viewJob } from '../http/views.ts'
import { grantIdOf } from '../model/ids.ts'
import { askedBy } from './asked.ts'

/** How a job that was made is answered: 202, with its approval where it takes one. */
const show = ({ job, certificate }: Proposal): Answer => ({
  status: 202,
  body: {
    job: viewJob(job),
    approval: viewApproval(job),
    ...(certificate === null ? {} : { certificate: viewCertificate(certificate) }),
    ...(job.type === 'GrantChange' ? { grant_id: grantIdOf(job.id) } : {}),
  },
})

/** Answers an operation by the job that it proposes. */
export const proposer =
  (deps: SubmitDeps) =>
  (
    operation: string,
    call: Parameters<typeof askedBy>[1],
    propose: () => Promise<Proposal>,
  ): Promise<Answer> =>
    submit(deps, { ...askedBy(operation, call), show }, propose)

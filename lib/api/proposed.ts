import type { Answer } from '../flows/once.ts'
import type { Proposal } from '../flows/submit.ts'
import { viewApproval, viewCertificate, viewJob } from '../http/views.ts'

/** How a job that was made is answered: 202, with its approval where it takes one. */
export const showProposal = ({ job, certificate }: Proposal): Answer => ({
  status: 202,
  body: {
    job: viewJob(job),
    approval: viewApproval(job),
    ...(certificate === null ? {} : { certificate: viewCertificate(certificate) }),
  },
})

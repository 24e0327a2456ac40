import { changed, jobCompleted } from '../../scripts/local/api.ts'
import { as } from './stack.ts'

/** A change that carol asks for and bob approves, until it is done. */
export const carryThrough = async (path: string, body: object) => {
  const { job, approval } = await as('carol').expect(changed, 202, as('carol').post(path, body))
  if (approval !== null)
    await as('bob').expect(
      changed.shape.approval,
      200,
      as('bob').post(`/approvals/${approval.id}/approve`, {}),
    )
  return jobCompleted(as('carol'), job.id)
}

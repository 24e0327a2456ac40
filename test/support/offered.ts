import { expect } from 'vitest'
import type { World } from './world.ts'

/** Lets the signer at a job, and tells what came of it. */
export const offered = async (world: World, job_id: string) => {
  const before = world.signatures.length
  await world.issue(job_id)
  const { job, events } = await world.jobOf(job_id)
  const signed = world.signatures.length - before
  return { signed, status: job.status, message: job.error_message, last: events.at(-1)?.type }
}

/** What is to come of a job that has no mandate. */
export const refused = (message: string) => ({
  signed: 0,
  status: 'Failed',
  message: expect.stringContaining(message),
  last: 'signing_refused',
})

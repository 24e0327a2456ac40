import { expect, it } from 'vitest'
import { functionIds } from '../../infra/access.ts'
import { requestCertificate } from '../../lib/flows/request-certificate.ts'
import { bypassed } from '../../lib/model/bypass.ts'
import { variablesOf } from '../support/live-functions.ts'
import { eventOf, live, principalOf, receiptPorts, versionsOf } from '../support/live-jobs.ts'
import { csrFor, newHostName } from '../support/live-requests.ts'

it('a job whose approval was bypassed is signed by no signer that is not told to, whoever bypassed it', async () => {
  const { environment } = await receiptPorts()
  const request = { profile_id: 'p-prod-web', csr: csrFor(newHostName()) }
  const { change, job, certificate } = await requestCertificate(live, await principalOf('alice'), request)
  const passed = bypassed({ ...change, job }, { environment }, live.now())
  expect(passed.job.status).toBe('Pending')
  expect(await live.jobs.commit(passed)).toBe('committed')
  const refused = await eventOf(job.id, 'signing_refused')
  expect(refused).toMatchObject({
    actor: 'worker-kms',
    details: { reason: 'the approval was bypassed: nobody decided' },
  })
  expect(await versionsOf(certificate?.id ?? '')).toEqual([])
})

it('no deployed function is told to bypass approvals', async () => {
  for (const id of functionIds) expect(await variablesOf(id)).not.toHaveProperty('APPROVAL_BYPASS')
})

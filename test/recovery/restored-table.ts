import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { versionView } from '../../lib/http/views.ts'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { proofOf, proven } from '../support/live-evidence.ts'
import { metOf, type Planted, plant, pullUp } from '../support/live-faults.ts'
import { isListed, listed, publishedNumber, revoke } from '../support/live-lists.ts'
import { type Files, filesOf, hexSerialOf, statusUrl, verifyStrictly } from '../support/live-openssl.ts'
import { deniedSoFar, forgetCalls } from '../support/live-permissions.ts'
import { timePasses } from '../support/live-redelivery.ts'
import {
  approve,
  csrFor,
  issueGated,
  issueUngated,
  newHostName,
  requestGated,
  requestUngated,
} from '../support/live-requests.ts'
import { type Rows, rowsOf, setBackTo } from '../support/live-tables.ts'
import { as, clients, stack } from '../support/stack.ts'
import { folder, newFolder, shell, steps } from './operator.ts'

const alice = as('alice')

const versionsOf = (id: string) =>
  alice.expect(z.array(z.object(versionView.shape)), 200, alice.get(`/certificates/${id}/versions`))

/** Long enough to look at the table while the key is asked, and no longer. */
const inHand: Planted = { function: 'worker-kms', action: 'kms:Sign', times: 1, hold_ms: 5000 }

/** What there is at the moment that is restored: issued, revoked, waiting, and in the hands of a signer. */
async function made() {
  const issued = await issueGated()
  const revoked = await issueUngated()
  await revoke(revoked.certificate_id)
  const doomed = await issueUngated()
  const waiting = await requestGated()
  await plant(inHand)
  const signing = await requestUngated()
  await eventually('the key asked', async () => {
    const met = await metOf(inHand)
    return met > 0 ? { found: met } : { seen: '0' }
  })
  return { issued, revoked, doomed, waiting, signing }
}

/** All that the API says of a job and its certificate. */
const shown = async ({ job_id, certificate_id }: { job_id: string; certificate_id: string }) => ({
  job: (await alice.get(`/jobs/${job_id}`)).text,
  certificate: (await alice.get(`/certificates/${certificate_id}`)).text,
  versions: (await alice.get(`/certificates/${certificate_id}/versions`)).text,
  audit: (await as('dave').get(`/audit?resource=${certificate_id}&limit=200`)).text,
})

describe('a table that was restored to a moment before', () => {
  const [
    stop = '',
    keep = '',
    restore = '',
    equip = '',
    pointAt = '',
    compare = '',
    goOn = '',
    publish = '',
  ] = steps('The table is lost or wrong')
  let before: Awaited<ReturnType<typeof made>>
  let then: Rows
  let known: Awaited<ReturnType<typeof shown>>
  let signed: string | undefined
  let later: Awaited<ReturnType<typeof issueUngated>>
  let files: Files
  let doomed: Files

  beforeAll(async () => {
    before = await made()
    then = await rowsOf(clients.dynamodb, stack.table)
    known = await shown(before.issued)
    files = await filesOf(before.issued.certificate_id, newFolder())
    doomed = await filesOf(before.doomed.certificate_id, newFolder())
    // What comes now is not in the backup.
    await jobCompleted(alice, before.signing.job_id)
    signed = (await versionsOf(before.signing.certificate_id))[0]?.serial
    later = await issueUngated()
    await revoke(before.doomed.certificate_id)
    await listed(doomed.leaf)
    expect(await deniedSoFar()).toEqual([])
  })
  afterAll(() => pullUp(inHand))

  it('takes over by the commands of the page, while nothing is written', async () => {
    const operator = await shell()
    for (const commands of [stop, keep]) expect((await operator.run(commands)).failed).toEqual([])
    const asked = { profile_id: 'p-dev-web', csr: csrFor(newHostName()) }
    expect((await alice.post('/certificates', asked)).status).toBe(429)
    expect((await operator.run(restore)).failed).toEqual([])
    // The emulator knows no moment in the past.
    await setBackTo(then, clients.dynamodb, `${stack.table}-restored`)
    expect((await operator.run(equip)).failed).toEqual([])
    const pointed = await operator.run(pointAt)
    expect(pointed.failed).toEqual([])
    await forgetCalls()
    expect(pointed.said.trimEnd()).toMatch(new RegExp(`^${stack.table}-restored$`, 'm'))
  })

  it('has what it had, says nothing of what came later, and OCSP answers throughout', async () => {
    expect(await shown(before.issued)).toEqual(known)
    expect(await proven(await proofOf(before.issued.certificate_id, folder))).toContain('approved by pr-bob')
    expect((await alice.get(`/certificates/${later.certificate_id}`)).status).toBe(404)
    const about = (of: string) => ['-issuer', files.issuer, '-cert', of, '-CAfile', files.root]
    const ocsp = ['-url', statusUrl('ocsp', 'iss-web')]
    expect(await openssl('ocsp', ...about(files.leaf), ...ocsp)).toContain(': good')
  })

  it('shows which revocations it lacks, and has them again before its lists are out', async () => {
    const operator = await shell()
    const serial = await hexSerialOf(doomed.leaf)
    const { said, failed } = await operator.run(compare)
    expect(failed).toEqual([])
    const { kept = [], stored = [] } = Object.groupBy(said.split('\n'), (line) =>
      line.includes('Serial Number') ? 'kept' : 'stored',
    )
    expect(kept.join()).toContain(serial)
    expect(stored.join().toUpperCase()).not.toContain(serial)

    expect((await operator.run(goOn)).failed).toEqual([])
    await revoke(before.doomed.certificate_id)
    expect(await isListed(doomed.leaf)).toBe(true)
    const numbers = await Promise.all(['iss-root', 'iss-web'].map(publishedNumber))
    const published = await operator.run(publish)
    expect(published.failed).toEqual([])
    expect(published.said).toContain('every list is what the table says')
    for (const [n, issuer] of ['iss-root', 'iss-web'].entries())
      expect(await publishedNumber(issuer)).toBeGreaterThan(numbers[n] ?? 0n)
    expect(await isListed(doomed.leaf)).toBe(true)
  })

  it('goes on with what was in hand: signed again as it was planned, decided once', async () => {
    // Its message went with the old table's moment: the clock comes back to it within five minutes.
    await timePasses(before.signing.job_id, `${stack.table}-restored`)
    await eventually('it signed', async () => {
      const job = await alice.get(`/jobs/${before.signing.job_id}`)
      return job.text.includes('"Completed"') ? { found: true } : { seen: job.text }
    })
    expect((await versionsOf(before.signing.certificate_id)).map(({ serial }) => serial)).toEqual([signed])
    await approve(before.waiting.approval_id)
    await jobCompleted(alice, before.waiting.job_id)
    expect(await versionsOf(before.waiting.certificate_id)).toHaveLength(1)
    const proof = await proofOf(before.waiting.certificate_id, folder)
    expect(await proven(proof)).toContain('approved by pr-bob')
  })

  it('issues and revokes, and AWS would allow all of it', async () => {
    const { certificate_id } = await issueGated()
    expect(await verifyStrictly(await filesOf(certificate_id, newFolder()))).toContain('OK')
    expect(await deniedSoFar()).toEqual([])
  })
})

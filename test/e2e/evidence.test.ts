import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { jobCompleted } from '../../scripts/local/api.ts'
import { requestGated, requestUngated } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

describe('the evidence of a certificate, fetched over HTTP and verified offline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-evidence-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  /** Without AWS credentials, and without a network to speak of: its environment is empty. */
  const verify = (bundle: string, jwks: string) =>
    spawnSync(process.execPath, ['scripts/verify-receipt.ts', bundle, '--jwks', jwks], {
      encoding: 'utf8',
      env: {},
    })

  const publicKeys = async (): Promise<string> => {
    const answer = await fetch(`${stack.api_url}/.well-known/countersign/jwks.json`)
    expect(answer.status).toBe(200)
    return file('jwks.json', await answer.text())
  }

  const evidenceOf = async (certificate_id: string): Promise<string> => {
    const answer = await as('dave').get(`/certificates/${certificate_id}/versions/1/evidence`)
    expect(answer.status).toBe(200)
    return answer.text
  }

  it('says who asked and who approved', async () => {
    const asked = await requestGated()
    await as('bob').post(`/approvals/${asked.approval_id}/approve`, { note: 'SECOPS-12345' })
    await jobCompleted(as('alice'), asked.job_id)
    const jwks = await publicKeys()
    const bundle = await evidenceOf(asked.certificate_id)
    const told = verify(file('bundle.json', bundle), jwks)
    expect(told.stderr).toBe('')
    expect(told.stdout).toContain('requested by pr-alice')
    expect(told.stdout).toContain('approved by pr-bob (bob)')
    expect(told.status).toBe(0)
    const forged = verify(file('forged.json', bundle.replaceAll('pr-bob', 'pr-eve')), jwks)
    expect(forged.stdout).toContain('✗ the chain of events is broken')
    expect(forged.status).toBe(1)
  })

  it('says that nobody needed to, where the rules ask for nobody', async () => {
    const asked = await requestUngated()
    await jobCompleted(as('alice'), asked.job_id)
    const told = verify(file('ungated.json', await evidenceOf(asked.certificate_id)), await publicKeys())
    expect(told.stdout).toContain('under rules that ask for nobody else, and were approved themselves')
    expect(told.status).toBe(0)
  })
})

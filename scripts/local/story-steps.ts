import { readFileSync, writeFileSync } from 'node:fs'
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn'
import * as z from 'zod'
import { changed, eventually, jobCompleted, jobOver, requested } from './api.ts'
import { openssl } from './openssl.ts'
import type { Story } from './story.ts'
import { Unexpected } from './unexpected.ts'

export type Asked = {
  readonly certificate_id: string
  readonly job_id: string
  readonly approval_id: string
}

/** A certificate and its chain, as files for OpenSSL. */
export type Issued = {
  readonly folder: string
  readonly leaf: string
  readonly issuer: string
  readonly root: string
}

const approval = changed.shape.approval.unwrap()

export async function requestGated({ alice }: Story, csr: string): Promise<Asked> {
  const answer = alice.post('/certificates', { profile_id: 'p-prod-web', csr })
  const made = await alice.expect(requested, 202, answer)
  if (made.job.status !== 'AwaitingApproval' || made.approval === null)
    throw new Unexpected('a job AwaitingApproval, with its approval', made.job.status)
  return { certificate_id: made.certificate.id, job_id: made.job.id, approval_id: made.approval.id }
}

export async function executionIs(story: Story, approval_id: string, status: string): Promise<void> {
  const executionArn = `${story.state_machine_arn.replace(':stateMachine:', ':execution:')}:${approval_id}`
  await eventually(`execution ${approval_id} ${status}`, async () => {
    try {
      const execution = await story.sfn.send(new DescribeExecutionCommand({ executionArn }))
      return execution.status === status ? { found: true } : { seen: execution.status ?? 'no status' }
    } catch (error) {
      return { seen: String(error) }
    }
  })
}

export async function selfApprovalRefused({ alice }: Story, approval_id: string): Promise<void> {
  const { status, text } = await alice.post(`/approvals/${approval_id}/approve`, { note: 'I am sure' })
  if (status !== 403 || !text.includes('two-person integrity'))
    throw new Unexpected('HTTP 403 with "two-person integrity"', `${status} ${text}`)
}

export async function approve({ bob }: Story, approval_id: string): Promise<void> {
  const body = { note: 'checked with the shop team' }
  const row = await bob.expect(approval, 200, bob.post(`/approvals/${approval_id}/approve`, body))
  if (row.state !== 'approved') throw new Unexpected('approval approved', row.state)
}

export async function issued(
  { alice }: Story,
  asked: Omit<Asked, 'approval_id'>,
  folder: string,
): Promise<Issued> {
  await jobCompleted(alice, asked.job_id)
  const chain = await alice.get(`/certificates/${asked.certificate_id}/chain.pem`)
  if (chain.status !== 200) throw new Unexpected('HTTP 200', `${chain.status} ${chain.text}`)
  const root = await alice.expect(z.object({ chain_pem: z.string() }), 200, alice.get('/issuers/iss-root'))
  const [leaf = '', ...above] = chain.text.split(/(?<=-----END CERTIFICATE-----\n)/)
  const files = {
    leaf: `${folder}/${asked.certificate_id}.pem`,
    issuer: `${folder}/${asked.certificate_id}.issuer.pem`,
    root: `${folder}/root.pem`,
  }
  writeFileSync(files.leaf, leaf)
  writeFileSync(files.issuer, above.join(''))
  writeFileSync(files.root, root.chain_pem)
  return { folder, ...files }
}

export async function verifyChain({ leaf, issuer, root }: Issued): Promise<void> {
  await openssl(
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-CAfile',
    root,
    '-untrusted',
    issuer,
    leaf,
  )
}

export async function issueUngated(story: Story, csr: string, folder: string): Promise<Issued> {
  const { alice } = story
  const answer = alice.post('/certificates', { profile_id: 'p-dev-web', csr })
  const { job, certificate, approval: gate } = await alice.expect(requested, 202, answer)
  if (gate !== null) throw new Unexpected('no approval', gate.state)
  return issued(story, { certificate_id: certificate.id, job_id: job.id }, folder)
}

export async function rejectedNeverIssues(story: Story, csr: string): Promise<void> {
  const { alice, bob } = story
  const asked = await requestGated(story, csr)
  const reject = bob.post(`/approvals/${asked.approval_id}/reject`, { note: 'not ours' })
  const row = await bob.expect(approval, 200, reject)
  if (row.state !== 'rejected') throw new Unexpected('approval rejected', row.state)
  const job = await jobOver(alice, asked.job_id)
  if (job.status !== 'Cancelled') throw new Unexpected('job Cancelled', job.status)
  await executionIs(story, asked.approval_id, 'SUCCEEDED')
  const path = `/certificates/${asked.certificate_id}/versions`
  const versions = await alice.expect(z.array(z.unknown()), 200, alice.get(path))
  if (versions.length > 0) throw new Unexpected('no version', `${versions.length}`)
}

/** moto looks at neither validity nor algorithm, so what it returns is not what was asked of it. */
export async function quarantined({ alice }: Story, csr: string): Promise<void> {
  const answer = alice.post('/certificates', { profile_id: 'p-private-web', csr })
  const { job, certificate } = await alice.expect(requested, 202, answer)
  const { status, error_message } = await jobOver(alice, job.id)
  if (status !== 'Failed' || !error_message?.includes('what came back is not what was approved'))
    throw new Unexpected('job Failed: what came back is not what was approved', `${status} ${error_message}`)
  const path = `/certificates/${certificate.id}/versions`
  const versions = await alice.expect(z.array(z.unknown()), 200, alice.get(path))
  if (versions.length > 0) throw new Unexpected('no version', `${versions.length}`)
}

export async function revoke({ alice, bob }: Story, certificate_id: string): Promise<void> {
  const answer = alice.post(`/certificates/${certificate_id}/revoke`, { reason: 'keyCompromise' })
  const { job, approval: gate } = await alice.expect(changed, 202, answer)
  if (gate !== null) await bob.expect(approval, 200, bob.post(`/approvals/${gate.id}/approve`, {}))
  await jobCompleted(alice, job.id)
}

export async function crlLists({ folder, leaf, issuer }: Issued): Promise<void> {
  const [, url = ''] =
    /URI:(\S+)/.exec(await openssl('x509', '-in', leaf, '-noout', '-ext', 'crlDistributionPoints')) ?? []
  const serial = await serialOf(leaf)
  await eventually(`${serial} in the CRL at ${url}`, async () => {
    const response = await fetch(url)
    if (response.status !== 200) return { seen: `HTTP ${response.status}` }
    const file = `${folder}/list.crl`
    writeFileSync(file, new Uint8Array(await response.arrayBuffer()))
    const text = await openssl('crl', '-inform', 'DER', '-in', file, '-CAfile', issuer, '-noout', '-text')
    if (!text.includes('verify OK')) throw new Unexpected('CRL verify OK', text)
    return text.includes(`Serial Number: ${serial}`) ? { found: true } : { seen: 'a CRL without it' }
  })
}

type Verdict = 'good' | 'revoked'

export async function ocspByPost({ leaf, issuer, root }: Issued, verdict: Verdict): Promise<void> {
  const url = (await openssl('x509', '-in', leaf, '-noout', '-ocsp_uri')).trim()
  await eventually(`${verdict} from ${url}`, async () =>
    judged(leaf, verdict, () =>
      openssl('ocsp', '-issuer', issuer, '-cert', leaf, '-CAfile', root, '-url', url),
    ),
  )
}

export async function ocspByGet({ folder, leaf, issuer, root }: Issued, verdict: Verdict): Promise<void> {
  const url = (await openssl('x509', '-in', leaf, '-noout', '-ocsp_uri')).trim()
  await openssl('ocsp', '-issuer', issuer, '-cert', leaf, '-no_nonce', '-reqout', `${folder}/ocsp.req`)
  const request = encodeURIComponent(readFileSync(`${folder}/ocsp.req`).toString('base64'))
  const response = await fetch(`${url}/${request}`)
  if (response.status !== 200) throw new Unexpected('HTTP 200', `${response.status} ${await response.text()}`)
  writeFileSync(`${folder}/ocsp.resp`, new Uint8Array(await response.arrayBuffer()))
  const about = ['-respin', `${folder}/ocsp.resp`, '-issuer', issuer, '-cert', leaf]
  const seen = await judged(leaf, verdict, () => openssl('ocsp', ...about, '-CAfile', root))
  if ('seen' in seen) throw new Unexpected(verdict, seen.seen)
}

async function judged(leaf: string, verdict: Verdict, ask: () => Promise<string>) {
  const text = await answerOf(ask)
  const found = text.includes('Response verify OK') && text.includes(`${leaf}: ${verdict}`)
  return found ? { found } : { seen: text.trim() }
}

/** A responder that is not ready yet is asked again, so its refusal is an answer too. */
async function answerOf(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Unexpected) return error.message
    throw error
  }
}

async function serialOf(leaf: string): Promise<string> {
  const line = await openssl('x509', '-in', leaf, '-noout', '-serial')
  return line.trim().replace(/^serial=/, '')
}

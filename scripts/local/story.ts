import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SFNClient } from '@aws-sdk/client-sfn'
import type { Api } from './api.ts'
import { makeRequest } from './openssl.ts'
import type { Progress } from './progress.ts'
import * as steps from './story-steps.ts'

export type Story = {
  readonly alice: Api
  readonly bob: Api
  readonly sfn: SFNClient
  readonly state_machine_arn: string
  /** Whether AWS Private CA is there, by moto. */
  readonly private_ca: boolean
}

/** A certificate's whole life, with OpenSSL as the judge. */
export async function tellStory(story: Story, { step }: Progress): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  const requestFor = async (dns: string) => readFileSync(await makeRequest(folder, dns), 'utf8')
  try {
    const csr = await step('alice makes a key and a CSR with OpenSSL', () => requestFor('shop.example.com'))
    const asked = await step('alice requests it under p-prod-web: AwaitingApproval', () =>
      steps.requestGated(story, csr),
    )
    await step('an execution waits in Step Functions', () =>
      steps.executionIs(story, asked.approval_id, 'RUNNING'),
    )
    await step('alice approves it herself: 403 two-person integrity', () =>
      steps.selfApprovalRefused(story, asked.approval_id),
    )
    await step('bob approves', () => steps.approve(story, asked.approval_id))
    const shop = await step('the certificate is issued: Completed', () => steps.issued(story, asked, folder))
    await step('openssl verify: OK, with its chain', () => steps.verifyChain(shop))
    await step('OCSP, asked by openssl: good', () => steps.ocspByPost(shop, 'good'))
    await step('a request under p-dev-web issues by itself', async () =>
      steps.verifyChain(await steps.issueUngated(story, await requestFor('dev.example.com'), folder)),
    )
    await step('a request that bob rejects never issues', async () =>
      steps.rejectedNeverIssues(story, await requestFor('pay.example.com')),
    )
    await step('alice revokes the first certificate', () => steps.revoke(story, asked.certificate_id))
    await step('the CRL, verified by openssl, lists it', () => steps.crlLists(shop))
    await step('openssl ocsp (POST): revoked', () => steps.ocspByPost(shop, 'revoked'))
    await step('openssl ocsp (GET): revoked', () => steps.ocspByGet(shop, 'revoked'))
    if (story.private_ca)
      await step(
        'AWS Private CA, by moto, makes another certificate than was approved: quarantined',
        async () => steps.quarantined(story, await requestFor('private.example.com')),
      )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

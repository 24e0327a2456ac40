import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually, jobCompleted, requested } from '../../scripts/local/api.ts'
import { commandsUnder } from '../support/live-commands.ts'
import { codeOf } from '../support/live-functions.ts'
import { eventsOf, fileOf, typesOf, versionsOf } from '../support/live-jobs.ts'
import { timePasses } from '../support/live-redelivery.ts'
import { nextRelease } from '../support/live-releases.ts'
import { approve, csrFor, newHostName, requestGated, suffix, type Ungated } from '../support/live-requests.ts'
import type { Said } from '../support/live-shell.ts'
import { executionEnded, executionOf, tokenOf } from '../support/live-workflow.ts'
import { as, clients, stack } from '../support/stack.ts'
import { folder, shell } from './operator.ts'

const page = 'docs/operator/deploy.md'

/** The command of a section that deploys: what comes before it there gets a checkout, which a test has. */
const deploying = (heading: string): string => {
  const lines = commandsUnder(page, heading).join('').split('\n')
  const found = lines.find((line) => line.startsWith('npx cdk deploy'))
  if (found === undefined) throw new Error(`${heading} deploys nothing`)
  return found
}

const workflow = async (): Promise<string> => {
  const ask = new DescribeStateMachineCommand({ stateMachineArn: stack.state_machine_arn })
  return (await clients.sfn.send(ask)).definition ?? ''
}

/**
 * Asked again under the same key where the function that was asked is replaced:
 * here it is killed with the request in its hands, AWS lets it answer.
 */
async function askedUntilAnswered(): Promise<Ungated> {
  const body = JSON.stringify({ profile_id: 'p-dev-web', csr: csrFor(newHostName()) })
  const headers = {
    authorization: `Bearer ${stack.principals.alice.api_key}`,
    'content-type': 'application/json',
    'idempotency-key': `deployed-${suffix()}`,
  }
  return eventually('202', async () => {
    const answer = await fetch(`${stack.api_url}/api/v1/certificates`, { method: 'POST', headers, body })
    if (answer.status >= 500) return { seen: String(answer.status) }
    expect(answer.status).toBe(202)
    const { job, certificate } = requested.parse(await answer.json())
    return { found: { job_id: job.id, certificate_id: certificate.id } }
  })
}

/** What is asked for while something is deployed, twice a second. */
async function askedDuring(deployment: Promise<Said>): Promise<readonly Ungated[]> {
  const asked: Ungated[] = []
  let over = false
  const done = deployment.finally(() => {
    over = true
  })
  while (!over) {
    asked.push(await askedUntilAnswered())
    await pause(500)
  }
  expect((await done).failed).toEqual([])
  return asked
}

/** A function that is replaced is killed here, whatever it is doing; AWS lets it finish. Its job is then the clock's. */
const leftToTheClock = async ({ job_id }: Ungated): Promise<void> => {
  const { status } = (await fileOf(job_id)).job
  if (status === 'Pending' || status === 'Running') await timePasses(job_id)
}

const issuedOnce = async ({ job_id, certificate_id }: Ungated): Promise<void> => {
  await jobCompleted(as('alice'), job_id)
  expect(await versionsOf(certificate_id)).toHaveLength(1)
  const issued = typesOf(await eventsOf(job_id)).filter((type) => type === 'certificate_issued')
  expect(issued).toHaveLength(1)
}

describe('a release that is deployed and taken back, while people and functions work', () => {
  const next = join(folder, 'next')

  beforeAll(() => {
    mkdirSync(next)
    nextRelease(next)
  })

  it('issues what was asked before, during and after each deployment, once, approvals that waited throughout too', async () => {
    const before = { code: await codeOf('worker-kms'), workflow: await workflow() }
    const throughout = await requestGated()
    await tokenOf(throughout.approval_id)
    const across = await requestGated()
    await tokenOf(across.approval_id)

    const operator = await shell()
    const upgraded = await askedDuring(
      operator.run(`CHECKOUT='${next}'; ${deploying('Upgrade')}; CHECKOUT='${process.cwd()}'`),
    )
    expect(await codeOf('worker-kms')).not.toBe(before.code)
    expect(await workflow()).not.toBe(before.workflow)
    await approve(across.approval_id)
    await issuedOnce(across)
    const later = await requestGated()
    await tokenOf(later.approval_id)

    const back = await askedDuring(operator.run(deploying('Roll back')))
    expect(await codeOf('worker-kms')).toBe(before.code)
    expect(await workflow()).toBe(before.workflow)
    for (const waiting of [throughout, later]) {
      expect((await executionOf(waiting.approval_id))?.status).toBe('RUNNING')
      await approve(waiting.approval_id)
      await issuedOnce(waiting)
      expect(await executionEnded(waiting.approval_id)).toBe('SUCCEEDED')
    }
    expect(upgraded.length + back.length).toBeGreaterThan(4)
    for (const one of [...upgraded, ...back]) await leftToTheClock(one)
    for (const one of [...upgraded, ...back]) await issuedOnce(one)
  })
})

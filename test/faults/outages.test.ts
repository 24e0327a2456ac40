import { spawnSync } from 'node:child_process'
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, describe, expect, it } from 'vitest'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { withEmulator } from '../../scripts/local/environment.ts'
import { repository } from '../../scripts/local/folders.ts'
import { killFunction, metOf, overCapacity, type Planted, withFault } from '../support/live-faults.ts'
import { setTimeoutOf } from '../support/live-functions.ts'
import { eventsOf, fileOf, typesOf, versionsOf } from '../support/live-jobs.ts'
import { messagesOn, quickRedelivery, timePasses } from '../support/live-redelivery.ts'
import { requestUngated, type Ungated } from '../support/live-requests.ts'
import { as, clients, stack } from '../support/stack.ts'

quickRedelivery('kms')

const issuedOnce = async ({ job_id, certificate_id }: Ungated) => {
  await jobCompleted(as('alice'), job_id)
  expect(await versionsOf(certificate_id)).toHaveLength(1)
  const issued = typesOf(await eventsOf(job_id)).filter((type) => type === 'certificate_issued')
  expect(issued).toHaveLength(1)
}

const running = ({ job_id }: Ungated) =>
  eventually(`${job_id} Running`, async () => {
    const { status } = (await fileOf(job_id)).job
    return status === 'Running' ? { found: status } : { seen: status }
  })

const npm = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', ...args], {
    cwd: repository,
    env: withEmulator(stack.emulator_url),
    encoding: 'utf8',
  })
  return { status, said: `${stdout}${stderr}` }
}

describe('a CA key that somebody disabled', () => {
  const KeyId = stack.ca_keys.issuing ?? ''
  afterAll(() => clients.kms.send(new EnableKeyCommand({ KeyId })))

  it('signs nothing until it is enabled again, and then what waited, once', async () => {
    await clients.kms.send(new DisableKeyCommand({ KeyId }))
    const asked = await requestUngated()
    await running(asked)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect((await fileOf(asked.job_id)).job.status).toBe('Running')
    expect(await versionsOf(asked.certificate_id)).toEqual([])
    await clients.kms.send(new EnableKeyCommand({ KeyId }))
    await timePasses(asked.job_id)
    await issuedOnce(asked)
    const { job, events } = await fileOf(asked.job_id)
    expect(typesOf(events)).toContain('issuance_postponed')
    expect(job.attempts).toBe(1)
  })
})

const held: Planted = { function: 'worker-kms', action: 'kms:Sign', times: 1000, hold_ms: 8000 }

const heldOnce = (count: number) =>
  eventually(`${count} signatures asked for`, async () => {
    const met = await metOf(held)
    return met >= count ? { found: met } : { seen: String(met) }
  })

describe('a signer that ends in mid-flight', () => {
  it('because its time is over leaves its job to the next one', async () => {
    await setTimeoutOf('worker-kms', 4)
    const asked = await withFault(held, async () => {
      const made = await requestUngated()
      await heldOnce(1)
      await new Promise((resolve) => setTimeout(resolve, 5000))
      return made
    })
    await setTimeoutOf('worker-kms', 30)
    const { job, issuance } = await fileOf(asked.job_id)
    expect(job.status).toBe('Running')
    await timePasses(asked.job_id)
    await issuedOnce(asked)
    // The serial was on record before any key was used: the next one signs the very same.
    expect((await versionsOf(asked.certificate_id))[0]?.serial).toBe(issuance?.serial)
  }, 120_000)

  it('because every process of it is killed, with many jobs in its hands', async () => {
    const asked = await withFault(held, async () => {
      const made = await Promise.all(Array.from({ length: 6 }, () => requestUngated()))
      await heldOnce(3)
      expect(await killFunction('worker-kms')).toBeGreaterThan(0)
      return made
    })
    for (const one of asked) {
      const { job } = await fileOf(one.job_id)
      if (job.status === 'Running') await timePasses(one.job_id)
    }
    for (const one of asked) await issuedOnce(one)
  }, 180_000)
})

describe('dead letters', () => {
  it('are shown, and sent again by one command once their cause is mended', async () => {
    // What earlier tests left there is not this one's.
    expect(npm('redrive', '--', 'kms', '--stage', 'local').status).toBe(0)
    const fault: Planted = {
      function: 'worker-kms',
      action: 'dynamodb:Query',
      times: 1000,
      answer: overCapacity,
    }
    const asked = await withFault(fault, async () => {
      const made = await requestUngated()
      await eventually('a dead letter', async () => {
        const count = await messagesOn('kms_dead_letters')
        return count > 0 ? { found: count } : { seen: String(count) }
      })
      return made
    })
    const again = npm('redrive', '--', 'kms', '--stage', 'local')
    expect(again.said).toContain(asked.job_id)
    expect(again.status).toBe(0)
    await issuedOnce(asked)
    expect(await messagesOn('kms_dead_letters')).toBe(0)
  }, 120_000)

  it.each([
    ['a queue that is none', ['--', 'nothing']],
    ['no queue', []],
    ['an option that is none', ['--', 'kms', '--all']],
  ])('are not sent again for %s', (_, args) => {
    const { status, said } = npm('redrive', ...args)
    expect(status).toBe(1)
    expect(said).toMatch(/name a queue|see --help/)
  })
})

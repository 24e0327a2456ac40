import { describe, expect, it } from 'vitest'
import { issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import { isAwaited, pauseBefore } from '../../../lib/model/patience.ts'
import { later } from '../../../lib/model/time.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const hour = 3600

const named = (name: string): Error => Object.assign(new Error('as AWS says it'), { name })

const unreached = (code: string): Error => Object.assign(new Error('no connection'), { code })

/** A worker whose key is away, and how long it has gone on asking. */
const without = (world: World, why: () => Error) => {
  const began = world.now().getTime()
  const away = async (): Promise<never> => {
    throw why()
  }
  const kms = { ...world.kms, signer: { sign: away } }
  return {
    work: (job_id: string) => issueCertificate(kms, job_id),
    seconds: () => (world.now().getTime() - began) / 1000,
  }
}

/** Until whoever held the job has it no more. */
const untilFree = async (world: World, job_id: string): Promise<void> => {
  const { lease } = (await world.jobOf(job_id)).job
  const left = lease === null ? 0 : Date.parse(lease.until) - world.now().getTime()
  world.pass(Math.max(0, left / 1000) + 1)
}

const asked = async () => {
  const world = await makeFurnishedWorld()
  return { world, ...(await world.ask({ profile_id: 'p-dev-web' })) }
}

describe('A CA key that cannot be used', () => {
  it.each<[string, Error]>([
    ['throttled', named('ThrottlingException')],
    ['failing inside', named('KMSInternalException')],
    ['slow', named('DependencyTimeoutException')],
    ['disabled', named('DisabledException')],
    ['pending deletion', named('KMSInvalidStateException')],
    ['denied to us', named('AccessDeniedException')],
    ['out of reach', unreached('ECONNREFUSED')],
    ['cut off', unreached('ECONNRESET')],
  ])(
    'because it is %s costs its jobs no attempt: hours later they are signed as planned, once',
    async (_, why) => {
      const { world, job_id, certificate_id } = await asked()
      const { work, seconds } = without(world, () => why)
      let tries = 0
      for (; seconds() < 20 * hour; tries += 1) {
        await expect(work(job_id)).rejects.toBe(why)
        const { job, events } = await world.jobOf(job_id)
        expect(job).toMatchObject({ status: 'Running', attempts: 0 })
        expect(events.at(-1)).toMatchObject({ type: 'issuance_postponed', actor: 'worker-kms' })
        await untilFree(world, job_id)
      }
      expect(tries).toBeLessThan(70)
      const planned = (await world.jobOf(job_id)).issuance
      expect(await world.issue(job_id)).toBe('done')
      expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Completed', attempts: 1 })
      expect(world.signatures).toEqual([planned?.tbs_sha256])
      const versions = (await world.certificates.load(certificate_id))?.versions ?? []
      expect(versions.map(({ serial }) => serial)).toEqual([planned?.serial])
    },
  )

  it('leaves its jobs to the sweep, which does not take their worker for dead', async () => {
    const { world, job_id } = await asked()
    await without(world, () => named('ThrottlingException'))
      .work(job_id)
      .catch(() => null)
    expect(await world.tend()).toMatchObject({ touched: 0 })
    await untilFree(world, job_id)
    expect(await world.tend()).toMatchObject({ touched: 1, reclaimed: 0 })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('is waited for a day; then five attempts fail the job', async () => {
    const { world, job_id } = await asked()
    const { work, seconds } = without(world, () => named('DisabledException'))
    while ((await world.jobOf(job_id)).job.status !== 'Failed') {
      await work(job_id).catch(() => null)
      await untilFree(world, job_id)
    }
    expect(seconds()).toBeGreaterThan(24 * hour)
    expect(seconds()).toBeLessThan(25 * hour)
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ attempts: 5, error_message: 'given up after 5 attempts' })
  })

  it('costs attempts where the fault is in the signature', async () => {
    const { world, job_id } = await asked()
    const { work } = without(world, () => named('KMSInvalidSignatureException'))
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await expect(work(job_id)).rejects.toThrow('as AWS says it')
      expect((await world.jobOf(job_id)).job.attempts).toBe(attempt)
      await untilFree(world, job_id)
    }
    expect(await work(job_id)).toBe('done')
    expect((await world.jobOf(job_id)).job.status).toBe('Failed')
  })
})

describe('How long a key is waited for', () => {
  const planned_at = '2026-01-01T00:00:00.000Z'
  const at = (seconds: number) => later(new Date(planned_at), seconds)
  const living = (seconds: number) => ({
    job_id: 'job-1',
    serial: '01',
    tbs_sha256: 'f'.repeat(64),
    planned_at,
    period: { not_before: planned_at, not_after: at(seconds).toISOString() },
  })

  it.each([
    ['a year', 365 * 24 * hour, 24 * hour],
    ['four days', 96 * hour, 24 * hour],
    ['a day', 24 * hour, 6 * hour],
    ['an hour', hour, hour / 4],
    ['ten minutes', 600, 150],
  ])('of a certificate that lives %s', (_, lifetime, seconds) => {
    expect(isAwaited(living(lifetime), at(seconds - 1))).toBe(true)
    expect(isAwaited(living(lifetime), at(seconds))).toBe(false)
  })

  it.each([
    [0, 60],
    [240, 60],
    [hour, 900],
    [24 * hour, 1800],
  ])('after %d s the next look is %d s later', (elapsed, pause) => {
    expect(pauseBefore(living(365 * 24 * hour), at(elapsed))).toBe(pause)
  })
})

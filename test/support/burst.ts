import { tend } from '../../lib/flows/tend.ts'
import type { Signer } from '../../lib/ports/keys.ts'
import { virtualTime } from './virtual-time.ts'
import { makeFurnishedWorld, type World } from './world.ts'

/** How AWS takes what it is asked, in numbers of its documentation and of measurements. */
export type Load = {
  readonly jobs: number
  /** Functions of `worker-kms` that SQS keeps busy at once: `maxConcurrency` of its source. */
  readonly workers: number
  /** Signatures a second that KMS takes of an account and region; 300 for ECC keys where nobody asked for more. */
  readonly signatures_per_second: number
  /** What the calls to the table of one job take together, in milliseconds. */
  readonly table_ms: number
  readonly signature_ms: number
  /** For how long KMS is away at first, in seconds. Messages end as dead letters, and a sweep a minute has the rest. */
  readonly outage_seconds?: number
}

export type Borne = {
  readonly completed: number
  /** Given up after five attempts, and said so. */
  readonly failed: number
  /** For the sweep, where that is no part of this: a key that was away costs them no attempt. */
  readonly waiting: number
  readonly signatures: number
  readonly throttled: number
  readonly seconds: number
  readonly redelivered: number
}

/** The SDK asks three times, and waits about so long before the second and the third, in milliseconds. */
const pauses = [50, 100]

/** Within so many seconds after an outage everything is to be done: later sweeps find nothing. */
const aftermath_seconds = 7200

/** A message that failed is hidden for six times its function's thirty seconds. */
const hidden_ms = 180_000

/** Dumps jobs on the system in memory, all at once, before a KMS that turns away what is too much. */
export async function bear(load: Load): Promise<Borne> {
  const world = await makeFurnishedWorld()
  const ids: string[] = []
  for (let n = 0; n < load.jobs; n += 1) ids.push((await world.ask({ profile_id: 'p-dev-web' })).job_id)
  const time = virtualTime()
  const kms = limitedKms(world.kms.signer, load, time)
  const queue = [...ids]
  let redelivered = 0
  let done_at = 0
  const { outage_seconds = 0 } = load
  const deliver = async (id: string): Promise<void> => {
    await time.sleep(load.table_ms)
    try {
      await issueWith(world, kms.signer, id)
      done_at = time.now()
    } catch {
      redelivered += 1
      if (outage_seconds === 0) void time.sleep(hidden_ms).then(() => deliver(id))
    }
  }
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await deliver(id)
  }
  const work = (): void => {
    for (let n = 0; n < load.workers; n += 1) void worker()
  }
  const clock = async (): Promise<void> => {
    for (let sweep = 1; sweep * 60 < outage_seconds + aftermath_seconds; sweep += 1) {
      await time.sleep(60_000)
      const idle = queue.length === 0
      queue.push(...(await told(world)))
      if (idle) work()
    }
  }
  work()
  if (outage_seconds > 0) void clock()
  await time.run((ms) => world.pass(ms / 1000))
  return {
    ...(await outcomesOf(world, ids)),
    signatures: kms.counts.signed,
    throttled: kms.counts.throttled,
    seconds: done_at / 1000,
    redelivered,
  }
}

const issueWith = (world: World, signer: Signer, id: string) => world.issueBy({ ...world.kms, signer }, id)

/** The jobs that one sweep tells the relay of once more. */
async function told(world: World): Promise<readonly string[]> {
  const touched: string[] = []
  const touch: World['jobs']['touch'] = async (job, ...times) => {
    touched.push(job.id)
    await world.jobs.touch(job, ...times)
  }
  await tend({ ...world.clock, jobs: { ...world.jobs, touch } })
  return touched
}

async function outcomesOf(world: World, ids: readonly string[]) {
  let [completed, failed, waiting] = [0, 0, 0]
  for (const id of ids) {
    const { job, events } = await world.jobOf(id)
    const issued = events.filter(({ type }) => type === 'certificate_issued').length
    if (job.status === 'Completed' && issued === 1) completed += 1
    if (job.status === 'Failed' && issued === 0) failed += 1
    if (job.status === 'Running' && events.at(-1)?.type === 'issuance_postponed') waiting += 1
  }
  return { completed, failed, waiting }
}

/** As many a second as the quota has, in tenths of a second: beyond them KMS throttles, and the SDK asks again. */
function limitedKms(
  signer: Signer,
  { signatures_per_second, signature_ms, outage_seconds = 0 }: Load,
  time: ReturnType<typeof virtualTime>,
) {
  const counts = { signed: 0, throttled: 0 }
  let window = -1
  let taken = 0
  const admitted = (): boolean => {
    if (time.now() < outage_seconds * 1000) return false
    const current = Math.floor(time.now() / 100)
    if (current !== window) taken = 0
    window = current
    taken += 1
    return taken <= signatures_per_second / 10
  }
  const sign: Signer['sign'] = async (...asked) => {
    for (const pause of [...pauses, null]) {
      await time.sleep(signature_ms)
      if (admitted()) {
        counts.signed += 1
        return signer.sign(...asked)
      }
      counts.throttled += 1
      if (pause === null) break
      await time.sleep(pause)
    }
    throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' })
  }
  return { counts, signer: { sign } }
}

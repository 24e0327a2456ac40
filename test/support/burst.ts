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
}

export type Borne = {
  readonly completed: number
  /** Given up after five attempts, and said so. */
  readonly failed: number
  /** For the sweep, which is not part of this: a key that was away costs them no attempt. */
  readonly waiting: number
  readonly signatures: number
  readonly throttled: number
  readonly seconds: number
  readonly redelivered: number
}

/** The SDK asks three times, and waits about so long before the second and the third, in milliseconds. */
const pauses = [50, 100]

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
  const deliver = async (id: string): Promise<void> => {
    await time.sleep(load.table_ms)
    try {
      await issueWith(world, kms.signer, id)
    } catch {
      redelivered += 1
      void time.sleep(hidden_ms).then(() => deliver(id))
    }
  }
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) await deliver(id)
  }
  for (let n = 0; n < load.workers; n += 1) void worker()
  await time.run((ms) => world.pass(ms / 1000))
  return {
    ...(await outcomesOf(world, ids)),
    signatures: kms.counts.signed,
    throttled: kms.counts.throttled,
    seconds: time.now() / 1000,
    redelivered,
  }
}

const issueWith = (world: World, signer: Signer, id: string) => world.issueBy({ ...world.kms, signer }, id)

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
  { signatures_per_second, signature_ms }: Load,
  time: ReturnType<typeof virtualTime>,
) {
  const counts = { signed: 0, throttled: 0 }
  let window = -1
  let taken = 0
  const admitted = (): boolean => {
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

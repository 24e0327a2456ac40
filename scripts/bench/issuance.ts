import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { signer } from '../../lib/aws/ca-keys.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { founders } from '../../lib/aws/founders.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { isUnavailable } from '../../lib/aws/passing.ts'
import { receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { keys } from '../../lib/aws/table.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { issueCertificate } from '../../lib/flows/issue-certificate.ts'
import type { Jobs } from '../../lib/ports/jobs.ts'
import { accessTo } from '../local/access.ts'
import { apiFor, requested } from '../local/api.ts'
import { makeRequest } from '../local/openssl.ts'
import { freePort } from '../local/ports.ts'
import { progressTo } from '../local/progress.ts'
import { makeWorld, type World } from '../local/world.ts'

const approvals = 15
const contended = 64
const workers = 16

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now()
  await work()
  return performance.now() - before
}

const often = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = []
  for (let round = 0; round < 15; round += 1) times.push(await timed(work))
  return median(times)
}

const ports = ({ stack }: World) => {
  const access = accessTo(stack.emulator_url)
  const table = tableClient(stack.outputs.TableName, access)
  return {
    table,
    jobs: jobs(table),
    grants: grants(table),
    profiles: profiles(table),
    founders: founders(table),
    bypass: null,
    issuers: issuers(table),
    certificates: certificates(table),
    serials: serialStatuses(table),
    signer: signer(stack.outputs.CaKeys, access),
    isUnavailable,
    receiptKeys: receiptKeys(stack.outputs.ReceiptKeys, access),
    environment: stack.outputs.Environment,
    status_url: stack.status_url,
    now: () => new Date(),
    worker: 'worker-kms',
  }
}

type Ports = ReturnType<typeof ports>

const request = async ({ stack, people }: World, csr: string, profile_id: string) => {
  const api = apiFor(stack.api_url, people.alice.api_key)
  return api.expect(requested, 202, api.post('/certificates', { profile_id, csr }))
}

const statusOf = async ({ jobs: read }: Ports, id: string): Promise<string> => {
  const file = await read.load(id)
  return file === null || 'unreadable' in file ? 'unreadable' : file.job.status
}

/** From the approver's POST to the certificate in the table: the relay, the workflow, the queue and the signer between. */
const approveToIssued = async (world: World, within: Ports, csr: string): Promise<number> => {
  const { job, approval } = await request(world, csr, 'p-prod-web')
  // Long enough for the execution to have parked: what is timed is the way after the decision.
  await pause(1500)
  const bob = apiFor(world.stack.api_url, world.people.bob.api_key)
  return timed(async () => {
    await bob.post(`/approvals/${approval?.id}/approve`, {})
    while ((await statusOf(within, job.id)) !== 'Completed') await pause(10)
  })
}

/** The AWS calls of that way, each timed alone: what it could not be faster than, one after the other. */
const floor = async ({ stack, clients }: World, within: Ports, job_id: string): Promise<number> => {
  const digest = createHash('sha256').update('floor').digest()
  const issuer = keys.issuer('iss-web')
  const [query, get, batch, write, sign, send] = [
    await often(() => within.jobs.load(job_id)),
    await often(() => within.table.get(issuer)),
    await often(() =>
      within.table.getAll([keys.profile('p-prod-web'), keys.profileVersion('p-prod-web', 1)]),
    ),
    await often(() =>
      within.table.transact(
        [1, 2, 3].map((n) => ({
          of: 'event' as const,
          put: { pk: `BENCH#${performance.now()}`, sk: String(n), filler: 'x'.repeat(900) },
          condition: 'absent' as const,
        })),
      ),
    ),
    await often(() => within.signer.sign('issuing', 'ECDSA_SHA_256', { digest, event_id: 'ev-bench-1' })),
    await often(() =>
      clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: stack.outputs.Queues.kms,
          MessageBody: JSON.stringify({ job_id: 'job-nothing' }),
        }),
      ),
    ),
  ]
  // decide: key + principal, job, receipt, commit; relay: token, wake, drop; workflow: job, queue;
  // signer: job, rules, maker of the rules, issuer, certificate twice, claim, signature, commit
  return (
    batch + query + sign + write + 3 * get + (get + send) + (2 * query + batch + 3 * get + 2 * write + sign)
  )
}

const counting = (store: Jobs) => {
  const counts = { claims: 0, issued: 0 }
  const counted: Jobs = {
    ...store,
    commit: async (change) => {
      const stored = await store.commit(change)
      const types = change.events.map(({ type }) => type)
      if (types.includes('issuance_planned')) counts.claims += 1
      if (stored === 'committed' && types.includes('certificate_issued')) counts.issued += 1
      return stored
    },
  }
  return { counts, counted }
}

const shuffled = <T>(values: readonly T[]): readonly T[] =>
  values
    .map((value) => [Math.random(), value] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value)

/** Every worker is offered every job, in an order of its own. */
const contend = async (world: World, within: Ports, csr: string): Promise<void> => {
  // Made by the flows, not over HTTP, so that the deployed worker hears of them as well: it is the seventeenth.
  const made = await Promise.all(
    Array.from({ length: contended }, () => request(world, csr, 'p-dev-web').then(({ job }) => job.id)),
  )
  const { counts, counted } = counting(within.jobs)
  const deps = { ...within, jobs: counted }
  const took = await timed(() =>
    Promise.all(
      Array.from({ length: workers }, async () => {
        for (const id of shuffled(made)) await issueCertificate(deps, id)
      }),
    ),
  )
  while ((await Promise.all(made.map((id) => statusOf(within, id)))).some((status) => status !== 'Completed'))
    await pause(200)
  const files = await Promise.all(made.map((id) => within.jobs.load(id)))
  const events = files.flatMap((file) => (file === null ? [] : file.events))
  const issued = events.filter(({ type }) => type === 'certificate_issued')
  const serials = new Set(issued.map(({ details }) => details.serial))
  console.log(`jobs ${contended}, workers ${workers} beside the deployed one, each offered every job`)
  console.log(`  certificates ${issued.length}, distinct serials ${serials.size}`)
  console.log(`  duplicates ${issued.length - contended}`)
  console.log(
    `  attempts to claim per job ${((counts.claims + contended - counts.issued) / contended).toFixed(2)}`,
  )
  console.log(`  ${(took / contended).toFixed(0)} ms a job`)
  if (issued.length !== contended || serials.size !== contended) process.exitCode = 1
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
const doors = { port: await freePort(), edge_port: await freePort() }
const ground = { folder, ...doors, emulator: null, private_ca: false, notifications: null }
const world = await makeWorld(ground, progressTo(process.stderr))
try {
  const within = ports(world)
  const csr = readFileSync(await makeRequest(folder, 'bench.example.com'), 'utf8')
  const times: number[] = []
  for (let round = 0; round < approvals; round += 1) times.push(await approveToIssued(world, within, csr))
  const { job } = await request(world, csr, 'p-dev-web')
  const least = await floor(world, within, job.id)
  console.log(`approve → issued: median ${median(times).toFixed(0)} ms of ${approvals}`)
  console.log(`  its AWS calls alone, one after the other: ${least.toFixed(0)} ms`)
  console.log(`  ratio ${(median(times) / least).toFixed(2)}`)
  await contend(world, within, csr)
} finally {
  await world.stack.stop()
  rmSync(folder, { recursive: true, force: true })
}

import { BatchGetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { expect, it } from 'vitest'
import { keys } from '../../lib/aws/table.ts'
import { eventually } from '../../scripts/local/api.ts'
import { metOf, type Planted, throttled, withFault } from '../support/live-faults.ts'
import { requestAt } from '../support/live-jobs.ts'
import { clients, stack } from '../support/stack.ts'

/** Two minutes of the emulator, which makes some ten certificates a second; fewer by BURST=100. */
const many = Number(process.env.BURST ?? 1000)

/** A KMS that takes thirty signatures a second of this account: three times what the emulator can ask for. */
const limited: Planted = {
  function: 'worker-kms',
  action: 'kms:Sign',
  times: Number.MAX_SAFE_INTEGER,
  beyond_per_second: 30,
  answer: throttled,
}

/** What people who wait would ask the API, a hundred jobs a call: it must not be the load that is measured. */
async function statusesOf(ids: readonly string[]): Promise<readonly string[]> {
  const statuses: string[] = []
  for (let n = 0; n < ids.length; n += 100) {
    const Keys = ids
      .slice(n, n + 100)
      .map((id) => ({ pk: { S: keys.job(id).pk }, sk: { S: keys.job(id).sk } }))
    const ask = new BatchGetItemCommand({ RequestItems: { [stack.table]: { Keys } } })
    const { Responses = {} } = await clients.dynamodb.send(ask)
    for (const item of Responses[stack.table] ?? []) statuses.push(String(unmarshall(item).status))
  }
  return statuses
}

/** Asked for by the flow that the API runs, as fast as the emulator takes them. */
async function askedFor(count: number) {
  const left = Array.from({ length: count }, () => new Date())
  const ask = async () => {
    const made = []
    for (let now = left.pop(); now !== undefined; now = left.pop())
      made.push(await requestAt(now, 'p-dev-web'))
    return made
  }
  return (await Promise.all(Array.from({ length: 40 }, ask))).flat()
}

const allOver = (ids: readonly string[]) =>
  eventually(
    `${ids.length} jobs over`,
    async () => {
      const left = (await statusesOf(ids)).filter((status) => status !== 'Completed').length
      if (left > 0) await new Promise((resolve) => setTimeout(resolve, 2000))
      return left === 0 ? { found: true } : { seen: `${left} to come` }
    },
    480,
  )

/** How many rows of a kind each of these partitions has. */
async function countsOf(partitions: ReadonlySet<string>, isKind: (row: Record<string, unknown>) => boolean) {
  const counts = new Map([...partitions].map((pk) => [pk, 0]))
  for await (const page of paginateScan({ client: clients.dynamodb }, { TableName: stack.table }))
    for (const row of (page.Items ?? []).map((item) => unmarshall(item))) {
      const before = counts.get(String(row.pk))
      if (before !== undefined && isKind(row)) counts.set(String(row.pk), before + 1)
    }
  return [...counts.values()]
}

it(`${many} jobs at once are all issued, once, and KMS turns hardly any call away`, async () => {
  const began = performance.now()
  const { asked, refused } = await withFault(limited, async () => {
    const made = await askedFor(many)
    await allOver(made.map(({ job_id }) => job_id))
    return { asked: made, refused: await metOf(limited) }
  })
  const seconds = (performance.now() - began) / 1000
  console.log(`${many} issued after ${seconds.toFixed(1)} s; ${refused} calls of KMS turned away`)
  const chains = new Set(asked.map(({ job_id }) => keys.job(job_id).pk))
  const issued = await countsOf(chains, ({ type }) => type === 'certificate_issued')
  expect(issued).toEqual(asked.map(() => 1))
  const certificates = new Set(asked.map(({ certificate_id }) => keys.certificate(certificate_id).pk))
  const versions = await countsOf(certificates, ({ sk }) => String(sk).startsWith('VERSION#'))
  expect(versions).toEqual(asked.map(() => 1))
  expect(refused / (many + refused)).toBeLessThanOrEqual(0.02)
}, 600_000)

import { issued } from './grants.ts'
import { csrFor, type Name, type World } from './world.ts'

/** Certificates of alice's under the gated profile, approved by bob and issued, one a name. */
export const issuedFor = async (world: World, ...names: readonly string[]): Promise<readonly string[]> => {
  const ids: string[] = []
  for (const name of names) ids.push(await issued(world, { csr: csrFor(`${name}.example.com`) }))
  return ids.toSorted()
}

/** The answer to a dry run of alice's. */
export const planned = async (world: World, selection: object, who: Name = 'alice') =>
  (await world.call(who, 'planRenewals', { body: { selection } })).body

export type Batch = { readonly job_id: string; readonly approval_id: string; readonly digest: string }

/** A batch that alice asked for, and nobody has decided on. */
export const batchAsked = async (
  world: World,
  selection: object,
  {
    who = 'alice',
    ...body
  }: { readonly who?: Name; readonly reason?: string; readonly ticket?: string } = {},
): Promise<Batch> => {
  const { digest } = await planned(world, selection, who)
  const answer = (await world.call(who, 'renewInBulk', { body: { plan: digest, ...body } })).body
  return {
    job_id: String(answer.job.id),
    approval_id: String(answer.approval?.id ?? ''),
    digest: String(digest),
  }
}

/** The same, approved by bob; nothing has followed from it yet. */
export const batchApproved = async (world: World, selection: object): Promise<Batch> => {
  const batch = await batchAsked(world, selection)
  await world.call('bob', 'approve', { id: batch.approval_id })
  return batch
}

/** What became of each line. */
export const linesOf = async (world: World, job_id: string) =>
  (await world.call('alice', 'listBatchRenewals', { id: job_id, query: { limit: 200 } })).body

/** The numbers of the versions of certificates, in their order. */
export const versionsOf = (world: World, ids: readonly string[]): Promise<readonly number[]> =>
  Promise.all(ids.map(async (id) => (await world.certificates.get(id))?.current_version ?? 0))

import type { Issuer } from '../model/issuer.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import { issuerComplaint } from '../pki/check-issuer.ts'
import type { Page } from '../ports/page.ts'
import type { Issuers } from '../ports/rules.ts'
import { certifyResponder, type ResponderDeps } from './certify-responder.ts'
import { isDue, type PublishListDeps, publishList } from './publish-list.ts'
import { statusPaths } from './status-urls.ts'
import { whole } from './whole.ts'

export type PublishDeps = PublishListDeps & ResponderDeps & { readonly issuers: Issuers }

const caMaxAge = 86_400

/** How many lists are made side by side. */
const together = 8

const publishCa = async (deps: PublishDeps, issuer: Issuer): Promise<void> => {
  const der = Buffer.from(issuer.chain[0] ?? '', 'base64')
  await deps.site.publish({
    path: statusPaths(issuer.id).ca,
    body: { length: der.length, chunks: () => [der] },
    content_type: 'application/pkix-cert',
    max_age_seconds: caMaxAge,
    // An issuer has one CA certificate for all its life.
    order: 1,
  })
}

const responderIsDue = async (deps: PublishDeps, issuer: Issuer): Promise<boolean> => {
  const responder = await deps.responders.get(issuer.id)
  return responder === null || responder.renew_at <= instantOf(deps.now())
}

const shardsOf = ({ facts }: Issuer): number[] =>
  Array.from({ length: facts.crl_shards }, (_, shard) => shard)

/** Publishes lists, a few at a time; how many there was a reason to make. */
const publishLists = async (
  deps: PublishDeps,
  issuer: Issuer,
  { shards, anyway }: { readonly shards: readonly number[]; readonly anyway: boolean },
): Promise<number> => {
  let published = 0
  const waiting = [...shards]
  const one = async (): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift())
      if ((await publishList(deps, issuer, { shard, anyway })) !== null) published += 1
  }
  await Promise.all(Array.from({ length: Math.min(together, shards.length) }, one))
  return published
}

/**
 * Brings the status site up to date with what is stored of an issuer: its CA
 * certificate, its responder and all its lists anew; or, of these shards,
 * the lists that would say anything new. Returns how many lists it made.
 */
export const publishStatus = async (
  deps: PublishDeps,
  issuer_id: string,
  shards: readonly number[] | null = null,
): Promise<number> => {
  const issuer = await deps.issuers.get(issuer_id)
  if (issuer === null) return 0
  // AWS Private CA keeps lists and answers OCSP itself; its CA certificate is served here like any.
  if (issuer.type === 'acm-pca') {
    if (shards === null) await publishCa(deps, issuer)
    return 0
  }
  if (shards !== null) return publishLists(deps, issuer, { shards, anyway: false })
  await publishCa(deps, issuer)
  if (await responderIsDue(deps, issuer)) await certifyResponder(deps, issuer)
  return publishLists(deps, issuer, { shards: shardsOf(issuer), anyway: true })
}

/** Every issuer; one that cannot be read is a fault, once all the others had their turn. */
export async function* everyIssuer(issuers: Pick<Issuers, 'list'>): AsyncGenerator<Issuer> {
  const unreadable: string[] = []
  let after: string | null = null
  do {
    const page: Page<Issuer> = await issuers.list({ limit: 100, after })
    yield* page.rows
    unreadable.push(...(page.unreadable ?? []))
    after = page.next
  } while (after !== null)
  whole({ rows: [], next: null, unreadable })
}

const headsOf = (deps: Pick<PublishDeps, 'lists'>, issuer: Issuer) =>
  Promise.all(shardsOf(issuer).map((shard) => deps.lists.head(issuer.id, shard)))

const refreshIssuer = async (deps: PublishDeps, issuer: Issuer): Promise<number> => {
  if (issuer.type === 'acm-pca') return 0
  const due = await responderIsDue(deps, issuer)
  if (due) await certifyResponder(deps, issuer)
  const heads = await headsOf(deps, issuer)
  const now = deps.now()
  const shards = shardsOf(issuer).filter((shard) => isDue(heads[shard] ?? null, now))
  if (shards.length > 0) await publishCa(deps, issuer)
  return (due ? 1 : 0) + (await publishLists(deps, issuer, { shards, anyway: false }))
}

/**
 * Renews whatever would go stale: lists past the middle of their time,
 * responders past theirs. Returns how many. A list of issuers shows them as
 * they are stored, so each is checked before its key is used; one that is not
 * sound is left, and refused (`issuer_invalid`) once the others are through.
 */
export const refreshStatus = async (deps: PublishDeps): Promise<number> => {
  let renewed = 0
  const complaints: string[] = []
  for await (const issuer of everyIssuer(deps.issuers)) {
    const complaint = issuerComplaint(issuer)
    if (complaint === null) renewed += await refreshIssuer(deps, issuer)
    else complaints.push(complaint)
  }
  if (complaints.length > 0) throw new Refusal('issuer_invalid', complaints.join('; '))
  return renewed
}

/** How old the oldest list of an issuer is, and how many certificates its lists have. */
export type ListState = {
  readonly issuer_id: string
  readonly age_seconds: number
  readonly entries: number
}

/** The state of the lists of every issuer, for those who watch over them. */
export async function* listStates(
  deps: Pick<PublishDeps, 'issuers' | 'lists' | 'now'>,
): AsyncGenerator<ListState> {
  for await (const issuer of everyIssuer(deps.issuers)) {
    const heads = await headsOf(deps, issuer)
    const oldest = Math.min(...heads.map((head) => Date.parse(head?.this_update ?? issuer.created_at)))
    yield {
      issuer_id: issuer.id,
      age_seconds: Math.max(0, Math.round((deps.now().getTime() - oldest) / 1000)),
      entries: heads.reduce((sum, head) => sum + (head?.entries ?? 0), 0),
    }
  }
}

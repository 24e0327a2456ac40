import type { Issuer } from '../model/issuer.ts'
import { instantOf, later } from '../model/time.ts'
import type { Issuers } from '../ports.ts'
import { certifyResponder, type ResponderDeps } from './certify-responder.ts'
import { listSeconds, type PublishListDeps, publishList } from './publish-list.ts'
import { statusPaths } from './status-urls.ts'

export type PublishDeps = PublishListDeps & ResponderDeps & { readonly issuers: Issuers }

const caMaxAge = 86_400

const publishCa = async (deps: PublishDeps, issuer: Issuer): Promise<void> => {
  await deps.site.publish({
    path: statusPaths(issuer.id).ca,
    body: Buffer.from(issuer.chain[0] ?? '', 'base64'),
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

const listIsDue = async (deps: PublishDeps, issuer: Issuer): Promise<boolean> => {
  const head = await deps.lists.head(issuer.id, 0)
  const half = instantOf(later(deps.now(), listSeconds / 2))
  return head === null || head.next_update <= half
}

/** Brings the status site up to date with what is stored of an issuer: its CA certificate, responder and list. */
export const publishStatus = async (deps: PublishDeps, issuer_id: string): Promise<void> => {
  const issuer = await deps.issuers.get(issuer_id)
  if (issuer === null) return
  await publishCa(deps, issuer)
  if (await responderIsDue(deps, issuer)) await certifyResponder(deps, issuer)
  await publishList(deps, issuer)
}

async function* everyIssuer(issuers: Issuers): AsyncGenerator<Issuer> {
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Issuers['list']>> = await issuers.list({ limit: 100, after })
    yield* page.rows
    after = page.next
  } while (after !== null)
}

/** Renews whatever would go stale: lists past the middle of their time, responders past theirs. Returns how many. */
export const refreshStatus = async (deps: PublishDeps): Promise<number> => {
  let renewed = 0
  for await (const issuer of everyIssuer(deps.issuers)) {
    if (await responderIsDue(deps, issuer)) {
      await certifyResponder(deps, issuer)
      renewed += 1
    }
    if (await listIsDue(deps, issuer)) {
      await publishCa(deps, issuer)
      await publishList(deps, issuer)
      renewed += 1
    }
  }
  return renewed
}

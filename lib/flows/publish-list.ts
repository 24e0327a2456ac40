import { sha256 } from '../model/digest.ts'
import { append, type EventDraft } from '../model/event.ts'
import type { Issuer } from '../model/issuer.ts'
import { Refusal } from '../model/refusal.ts'
import type { CrlHead, RevocationEntry } from '../model/revocation.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import { assembleCrl, tbsCertList } from '../pki/crl.ts'
import { verifyCrl } from '../pki/crl-reader.ts'
import { digestFor } from '../pki/signing.ts'
import type { RevocationLists, Signer, StatusSite } from '../ports.ts'
import { statusPaths } from './status-urls.ts'

export type PublishListDeps = {
  readonly lists: RevocationLists
  readonly signer: Signer
  readonly site: StatusSite
  readonly now: Clock
}

/** Every CRL is good for a day and replaced by the middle of it. */
export const listSeconds = 86_400

/** How long caches may keep a list: what a revocation may take to be seen beyond the origin. */
const listMaxAge = 300

const shard = 0

/** A certificate that ended before the last list was made has been on one list since: it may go (RFC 5280 §3.3). */
const kept = async (
  deps: PublishListDeps,
  issuer: Issuer,
  last: CrlHead | null,
): Promise<RevocationEntry[]> => {
  const entries: RevocationEntry[] = []
  for await (const entry of deps.lists.entries(issuer.id, shard))
    if (last === null || entry.not_after >= last.this_update) entries.push(entry)
  return entries
}

/** The list as it would be now, under the next number. */
const build = async (deps: PublishListDeps, issuer: Issuer) => {
  const last = await deps.lists.head(issuer.id, shard)
  const now = new Date(Math.floor(deps.now().getTime() / 1000) * 1000)
  const entries = await kept(deps, issuer, last)
  const head: CrlHead = {
    issuer_id: issuer.id,
    shard,
    number: (last?.number ?? 0) + 1,
    this_update: instantOf(now),
    next_update: instantOf(later(now, listSeconds)),
  }
  const tbs = tbsCertList({
    ...head,
    issuer_subject: Buffer.from(issuer.facts.subject, 'base64'),
    key_id: issuer.facts.key_id,
    signing_algorithm: issuer.facts.signing_algorithm,
    entries,
  })
  return { head, tbs, count: entries.length }
}

/** Takes the number and puts on record what will be signed; false where another publisher took it. */
const plan = async (
  deps: PublishListDeps,
  { head, tbs, count }: Awaited<ReturnType<typeof build>>,
): Promise<boolean> => {
  const draft: EventDraft = {
    type: 'crl_planned',
    actor: { id: 'worker-publish-status', type: 'System' },
    resource: head.issuer_id,
    job: null,
    details: { ...head, entries: count, tbs_sha256: sha256(tbs) },
  }
  const before = await deps.lists.lastEvent(head.issuer_id, shard)
  const chain = `crl-${head.issuer_id}-${shard}`
  const [event] = append(chain, before === null ? [] : [before], [draft], deps.now())
  return event !== undefined && deps.lists.advance(head, event)
}

/**
 * Makes, signs and publishes the next list of an issuer. Numbers strictly
 * increase, whoever else publishes: a number is taken in the table before a
 * key is used, and entries are read after the number before it was taken.
 */
export const publishList = async (deps: PublishListDeps, issuer: Issuer): Promise<CrlHead> => {
  for (let round = 0; round < 8; round += 1) {
    const built = await build(deps, issuer)
    if (!(await plan(deps, built))) continue
    const { signing_algorithm } = issuer.facts
    const digest = digestFor(built.tbs, signing_algorithm)
    const signature = await deps.signer.sign(issuer.key, signing_algorithm, digest)
    const body = assembleCrl(built.tbs, signing_algorithm, signature)
    if (!verifyCrl(body, Buffer.from(issuer.spki, 'base64')))
      throw new Refusal('plan_mismatch', `the list of ${issuer.id} does not verify with its own key`)
    await deps.site.publish({
      path: statusPaths(issuer.id).crl,
      body,
      content_type: 'application/pkix-crl',
      max_age_seconds: listMaxAge,
      order: built.head.number,
    })
    return built.head
  }
  throw new Error(`the list of ${issuer.id} is too contended`)
}

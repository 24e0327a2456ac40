import { sha256 } from '../model/digest.ts'
import { append, type Event, type EventDraft } from '../model/event.ts'
import type { Issuer } from '../model/issuer.ts'
import { Refusal } from '../model/refusal.ts'
import type { CrlHead } from '../model/revocation.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import { crlStream, type OctetStream, signedCrlStream } from '../pki/crl.ts'
import { rowOctets } from '../pki/crl-rows.ts'
import { digestFor, verifyChunks } from '../pki/signing.ts'
import type { Signer } from '../ports/keys.ts'
import type { RevocationLists, ShardRows } from '../ports/revocation.ts'
import type { StatusSite } from '../ports/status-site.ts'
import { freshRows } from './shard-rows.ts'
import { listPath } from './status-urls.ts'

export type PublishListDeps = {
  readonly lists: RevocationLists
  readonly rows: ShardRows
  readonly signer: Signer
  readonly site: StatusSite
  readonly status_url: string
  readonly now: Clock
}

/** Every CRL is good for a day and replaced by the middle of it. */
export const listSeconds = 86_400

/** How long caches may keep a list: what a revocation may take to be seen beyond the origin. */
const listMaxAge = 300

type Built = { readonly head: CrlHead; readonly tbs: OctetStream; readonly rows: Uint8Array }

/** Whether a list is past the middle of its time. */
export const isDue = (head: CrlHead | null, now: Date): boolean =>
  head === null || head.next_update <= instantOf(later(now, listSeconds / 2))

/** Which list is asked for, and whether another is made even where the one that is out will do. */
type Asked = { readonly shard: number; readonly anyway: boolean }

/** The list as it would be now, under the next number; null where the one that is out will do. */
const build = async (
  deps: PublishListDeps,
  { facts }: Issuer,
  { shard, anyway }: Asked,
): Promise<Built | null> => {
  const last = await deps.lists.head(facts.id, shard)
  const now = new Date(Math.floor(deps.now().getTime() / 1000) * 1000)
  const { rows, changed } = await freshRows(deps, { issuer_id: facts.id, shard }, last)
  if (!anyway && !changed && !isDue(last, now)) return null
  const named = {
    issuer_id: facts.id,
    shard,
    number: (last?.number ?? 0) + 1,
    this_update: instantOf(now),
    next_update: instantOf(later(now, listSeconds)),
  }
  const tbs = crlStream({
    ...named,
    issuer_subject: Buffer.from(facts.subject, 'base64'),
    key_id: facts.key_id,
    signing_algorithm: facts.signing_algorithm,
    rows: () => [rows],
    ...(facts.crl_shards === 1 ? {} : { shard_url: `${deps.status_url}/${listPath(facts, shard)}` }),
  })
  const head: CrlHead = {
    ...named,
    cutoff: last?.this_update ?? null,
    entries: rows.length / rowOctets,
    octets: tbs.length,
    rows_sha256: sha256(rows),
  }
  return { head, tbs, rows }
}

/** Takes the number and puts on record what will be signed; null where another publisher took it. */
const plan = async (deps: PublishListDeps, { key }: Issuer, { head, tbs }: Built): Promise<Event | null> => {
  const tbs_sha256 = Buffer.from(digestFor(tbs.chunks(), 'ECDSA_SHA_256')).toString('hex')
  const draft: EventDraft = {
    type: 'crl_planned',
    actor: { id: 'worker-publish-status', type: 'System' },
    resource: head.issuer_id,
    job: null,
    details: { ...head, tbs_sha256, key },
  }
  const before = await deps.lists.lastEvent(head.issuer_id, head.shard)
  const chain = `crl-${head.issuer_id}-${head.shard}`
  const [event] = append(chain, before === null ? [] : [before], [draft], deps.now())
  return event !== undefined && (await deps.lists.advance(head, event)) ? event : null
}

const sign = async (
  deps: PublishListDeps,
  issuer: Issuer,
  { tbs, planned }: { readonly tbs: OctetStream; readonly planned: Event },
): Promise<OctetStream> => {
  const { signing_algorithm } = issuer.facts
  const digest = digestFor(tbs.chunks(), signing_algorithm)
  const signature = await deps.signer.sign(issuer.key, signing_algorithm, { digest, event_id: planned.id })
  const spki = Buffer.from(issuer.spki, 'base64')
  if (!verifyChunks(tbs.chunks(), signing_algorithm, { signature, spki }))
    throw new Refusal('plan_mismatch', `the list of ${issuer.id} does not verify with its own key`)
  return signedCrlStream(tbs, signing_algorithm, signature)
}

/**
 * Makes, signs and publishes the next list of one shard, if it would say
 * anything new or the one before is past the middle of its time (or anyway);
 * null otherwise. Numbers strictly increase, whoever else publishes: a number is
 * taken in the table before a key is used, and entries are read after the
 * number before it was taken. The rows are kept last: where they are not
 * those of the head, the list may not be out, and the next publisher makes
 * another.
 */
export const publishList = async (
  deps: PublishListDeps,
  issuer: Issuer,
  asked: Asked,
): Promise<CrlHead | null> => {
  for (let round = 0; round < 8; round += 1) {
    const built = await build(deps, issuer, asked)
    if (built === null) return null
    const planned = await plan(deps, issuer, built)
    if (planned === null) continue
    const { head, rows } = built
    await deps.site.publish({
      path: listPath(issuer.facts, head.shard),
      body: await sign(deps, issuer, { tbs: built.tbs, planned }),
      content_type: 'application/pkix-crl',
      max_age_seconds: listMaxAge,
      order: head.number,
    })
    await deps.rows.put(issuer.id, head.shard, rows, head.number)
    return head
  }
  throw new Error(`the list of ${issuer.id} is too contended`)
}

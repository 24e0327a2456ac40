import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomBytes,
  sign,
} from 'node:crypto'
import { administerApi } from '../../lib/api/administer.ts'
import { decideApi } from '../../lib/api/decide.ts'
import { readApi } from '../../lib/api/read.ts'
import { rulesApi } from '../../lib/api/rules.ts'
import { submitApi } from '../../lib/api/submit.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { events } from '../../lib/aws/events.ts'
import { founders } from '../../lib/aws/founders.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { notifications } from '../../lib/aws/notifications.ts'
import { isUnavailable, outcomeOf } from '../../lib/aws/passing.ts'
import { principals } from '../../lib/aws/principals.ts'
import { renewalPlans } from '../../lib/aws/renewal-plans.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { replays } from '../../lib/aws/replays.ts'
import { revocables } from '../../lib/aws/revocables.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialInventory } from '../../lib/aws/serial-inventory.ts'
import { signedAnswers } from '../../lib/aws/signed-answers.ts'
import { responders, revocationLists, serialStatuses } from '../../lib/aws/status-records.ts'
import { keys } from '../../lib/aws/table.ts'
import type { Row } from '../../lib/aws/table-client.ts'
import { applyChange } from '../../lib/flows/apply-change.ts'
import { createPrincipal } from '../../lib/flows/create-principal.ts'
import { issueByAuthority } from '../../lib/flows/issue-by-authority.ts'
import { issueCertificate } from '../../lib/flows/issue-certificate.ts'
import { type Notified, notify } from '../../lib/flows/notify.ts'
import { publishStatus } from '../../lib/flows/publish-status.ts'
import { renewDue } from '../../lib/flows/renew-due.ts'
import { requestRenewal } from '../../lib/flows/request-renewal.ts'
import { tend } from '../../lib/flows/tend.ts'
import type { Answers, Call, Reply } from '../../lib/http/call.ts'
import type { ApiFunction, Operation } from '../../lib/http/operation.ts'
import { type OperationId, operations } from '../../lib/http/routes.ts'
import { envelopeUnder } from '../../lib/lambda/sealed.ts'
import { consequences, consequencesOfWaiting, type Effect } from '../../lib/model/consequences.ts'
import { event } from '../../lib/model/event.ts'
import type { Job } from '../../lib/model/job.ts'
import type { EventPlace } from '../../lib/model/notification.ts'
import type { Principal, Role } from '../../lib/model/principal.ts'
import type { Credential } from '../../lib/model/receipt.ts'
import { renewalPrincipal } from '../../lib/model/renewal-principal.ts'
import type { Webhook } from '../../lib/model/webhook.ts'
import { wholeOf } from '../../lib/pki/crl.ts'
import { encodePem } from '../../lib/pki/pem.ts'
import type { ReceiptSigner, Signer } from '../../lib/ports/keys.ts'
import type { Delivery, TopicMessage, WebhookCall, WebhookSecrets } from '../../lib/ports/notifications.ts'
import type { ShardRows } from '../../lib/ports/revocation.ts'
import type { StatusSite } from '../../lib/ports/status-site.ts'
import { memoryAuthority } from './memory-authority.ts'
import { memoryTable } from './memory-table.ts'
import { signDigestWithP256 } from './p256-digest.ts'
import { commonName, csrOf, dnsNames, extensionRequest } from './pki-csr.ts'

/** DigestInfo of RFC 8017 §9.2 for SHA-256: what PKCS#1 v1.5 puts before a digest. */
const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex')

const signDigest = (key: KeyObject, digest: Uint8Array): Uint8Array =>
  key.asymmetricKeyType === 'ec'
    ? signDigestWithP256(key, digest)
    : privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([digestInfo, digest]))

const rsaPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const ecPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** What a stage's CA keys may be; those of a stage are P-256 unless it says otherwise. */
const caKeysOf = {
  RSA_2048: { root: rsaPair(), issuing: rsaPair() },
  ECC_NIST_P256: { root: ecPair(), issuing: ecPair() },
}

type CaSpec = keyof typeof caKeysOf

const isCaKey = (name: string): name is 'root' | 'issuing' => name === 'root' || name === 'issuing'

const cast = {
  alice: ['operator'],
  bob: ['approver'],
  erin: ['approver'],
  frank: ['approver', 'operator'],
  carol: ['admin'],
  dave: ['auditor'],
} as const satisfies Record<string, readonly Role[]>

export type Name = keyof typeof cast

/** Whom they approve for. */
const teams: Partial<Record<Name, readonly string[]>> = {
  alice: ['web'],
  bob: ['security'],
  erin: ['platform'],
  frank: ['platform', 'web'],
}

const receiptPairs = {
  decision: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  clock: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}

const receiptSignerOf = (name: keyof typeof receiptPairs): ReceiptSigner => ({
  kid: name,
  sign: async (input) => sign('sha256', input, receiptPairs[name].privateKey),
})

const spkiOf = (name: keyof typeof receiptPairs): Buffer =>
  receiptPairs[name].publicKey.export({ format: 'der', type: 'spki' })

/** What verifies the receipts of every world. */
export const receiptKeys = {
  decision: { kid: 'decision', spki: spkiOf('decision') },
  clock: { kid: 'clock', spki: spkiOf('clock') },
}

export const environment = 'memory'

export const statusUrl = 'http://status.example.com'

/** What people show when a test calls an operation as them, without HTTP around it. */
export const credentialOf = (name: Name): Credential => ({
  id: `${name}-world`,
  fingerprint: 'ab'.repeat(32),
  granted_by: 'bootstrap',
})

/** A world as it stood: what another one begins with. */
/** What CloudTrail would tell of a CA key. */
type KeyUsed = { readonly key: string; readonly event_id: string; readonly time: string }

type Seed = {
  readonly ca_spec: CaSpec
  readonly keyUses: readonly KeyUsed[]
  readonly rows: ReadonlyMap<string, Row>
  readonly followed: ReadonlySet<string>
  readonly keptRows: ReadonlyMap<string, { rows: Uint8Array; order: number }>
  readonly published: ReadonlyMap<string, { body: Uint8Array; order: number }>
}

const start = new Date('2026-03-01T12:00:00.000Z')

export const consoleUrl = 'https://countersign.example.com'

/** Whoever is told outside, in memory: a topic, webhooks and their secrets, as a test sets them. */
const makeOutside = () => {
  const queue: EventPlace[] = []
  const topic: TopicMessage[] = []
  const calls: WebhookCall[] = []
  const secrets = new Map<string, Awaited<ReturnType<WebhookSecrets['get']>>>()
  const settings: { emails: boolean; webhooks: Webhook[] } = { emails: false, webhooks: [] }
  const answers: { topic: Delivery; post: (call: WebhookCall) => Promise<Delivery> } = {
    topic: { delivered: true },
    post: async () => ({ delivered: true }),
  }
  return {
    /** Events that wait to be told. */
    queue,
    topic,
    calls,
    secrets,
    settings,
    answers,
    ports: {
      settings,
      topic: {
        publish: async (message: TopicMessage) => {
          topic.push(message)
          return answers.topic
        },
      },
      secrets: { get: async (name: string) => secrets.get(name) ?? ({ missing: true } as const) },
      post: (call: WebhookCall) => {
        calls.push(call)
        return answers.post(call)
      },
    },
  }
}

/** The whole system in memory: the real flows and ports, on a table, keys and a clock that a test holds. */
export const makeWorld = async (seed: Seed | null = null, spec: CaSpec = 'RSA_2048') => {
  const ca_spec = seed?.ca_spec ?? spec
  const caKeys = caKeysOf[ca_spec]
  let time = start
  const now = () => time
  const random = (n: number) => new Uint8Array(randomBytes(n))
  const table = memoryTable(seed?.rows)
  const signatures: string[] = []
  const keyUses: KeyUsed[] = [...(seed?.keyUses ?? [])]
  const signer: Signer = {
    sign: async (key, _algorithm, { digest, event_id }) => {
      if (!isCaKey(key)) throw new Error(`no CA key named ${key}`)
      keyUses.push({ key, event_id, time: time.toISOString() })
      signatures.push(Buffer.from(digest).toString('hex'))
      return signDigest(caKeys[key].privateKey, digest)
    },
  }
  const published = new Map(seed?.published)
  const site: StatusSite = {
    publish: async ({ path, body, order }) => {
      const there = published.get(path)
      if (there !== undefined && there.order >= order) return 'newer_there'
      published.set(path, { body: wholeOf(body), order })
      return 'published'
    },
  }
  const keptRows = new Map(seed?.keptRows)
  const rows: ShardRows = {
    get: async (issuer_id, shard) => keptRows.get(`${issuer_id}/${shard}`)?.rows ?? null,
    put: async (issuer_id, shard, made, order) => {
      const there = keptRows.get(`${issuer_id}/${shard}`)
      if (there === undefined || there.order < order)
        keptRows.set(`${issuer_id}/${shard}`, { rows: Uint8Array.from(made), order })
    },
  }
  const authority = memoryAuthority(start)
  const ports = {
    authorities: authority,
    jobs: jobs(table),
    grants: grants(table),
    certificates: certificates(table),
    profiles: profiles(table),
    issuers: issuers(table),
    events: events(table),
    principals: principals(table),
    founders: founders(table),
    accesses: accesses(table),
    replays: replays(table),
    renewals: renewals(table),
    renewalPlans: renewalPlans(table),
    serials: serialStatuses(table),
    lists: revocationLists(table),
    revocables: revocables(table),
    inventory: serialInventory(table),
    plans: revocationPlans(table),
    responders: responders(table),
    answers: signedAnswers(table),
    keys: {
      publicKey: async (key: string) =>
        isCaKey(key) ? caKeys[key].publicKey.export({ format: 'der', type: 'spki' }) : null,
    },
    signer,
    isUnavailable,
    site,
    rows,
    seal: async (plain: Uint8Array) => Buffer.from(plain).toString('base64'),
    status_url: statusUrl,
    environment,
    receipts: receiptSignerOf('decision'),
    credential: null,
    bypass: null,
    receiptKeys: async () => receiptKeys,
    now,
    random,
  }
  const again: string[] = []
  const pca = {
    ...ports,
    authority,
    outcomeOf,
    again: async (job_id: string) => void again.push(job_id),
    worker: 'worker-acm-pca',
  }
  const clock = { ...ports, receipts: receiptSignerOf('clock') }
  const kms = { ...ports, worker: 'worker-kms' }
  const apply = { ...ports, worker: 'worker-apply' }

  const outside = makeOutside()
  const telling = { ...ports, ...outside.ports, notifications: notifications(table), url: consoleUrl }

  const people = {} as Record<Name, Principal>
  for (const name of Object.keys(cast) as Name[]) {
    const actor = { id: 'system-setup', type: 'System' } as const
    const roles: Role[] = [...cast[name]]
    const named = { id: `pr-${name}`, kind: 'person', name, email: `${name}@example.com` } as const
    const request = { ...named, roles, teams: [...(teams[name] ?? [])] }
    const there = await ports.principals.get(request.id)
    people[name] = there?.principal ?? (await createPrincipal(ports, actor, request))
    const { granted_by: _, ...shown } = credentialOf(name)
    table.write({ ...keys.founderCredential(request.id, shown.id), ...shown })
  }

  /** From now on somebody is another, however that came about: as one of the founders, who were so from the beginning. */
  const become = (who: Name, edit: Partial<Principal>): void => {
    const before = people[who]
    const after = { ...before, ...edit, version: before.version + 1 }
    table.tamper(keys.principal(before.id), (row) => ({ ...row, ...after }))
    const { name, email, roles } = after
    // What was decided before rests on what was said then: a founder is known by all of it.
    table.tamper(keys.founder(before.id), (row) => {
      const all = (known: unknown, now: readonly string[]) => [...new Set([...(known as string[]), ...now])]
      return { ...row, name, email, roles: all(row.roles, roles), teams: all(row.teams, after.teams) }
    })
    people[who] = after
  }

  const answers: Answers<ApiFunction> = {
    ...readApi(ports),
    ...submitApi(ports),
    ...rulesApi(ports),
    ...decideApi(ports),
    ...administerApi(ports),
  }

  /** One operation as one person, read by its row's schemas, without HTTP around it. */
  const call = async (
    who: Name,
    operation: OperationId,
    parts: {
      id?: string
      params?: object
      query?: object
      body?: object
      idempotency_key?: string
    } = {},
    // biome-ignore lint/suspicious/noExplicitAny: what an operation answers is what the test looks at
  ): Promise<Reply & { body: any }> => {
    const row: Operation = operations[operation]
    const answer = answers[operation] as (call: Call<Operation>) => Promise<Reply>
    return answer({
      principal: people[who],
      credential: credentialOf(who),
      params: row.params.parse({ ...(parts.id === undefined ? {} : { id: parts.id }), ...parts.params }),
      query: row.query.parse(parts.query ?? {}),
      body: row.body === null ? null : row.body.parse(parts.body ?? {}),
      idempotency_key: parts.idempotency_key ?? null,
      if_match: null,
      envelope: envelopeUnder(who),
    })
  }

  const followed = new Set<string>(seed?.followed)

  /** One consequence of what is stored, as the relay has it carried out. */
  const carry = async (effect: Effect): Promise<void> => {
    if (effect.effect === 'dispatch' && effect.queue === 'kms') await issueCertificate(kms, effect.job_id)
    if (effect.effect === 'dispatch' && effect.queue === 'acm-pca') await issueByAuthority(pca, effect.job_id)
    if (effect.effect === 'dispatch' && effect.queue === 'apply') await applyChange(apply, effect.job_id)
    if (effect.effect === 'resume_workflow') await resume(effect.approval_id.replace(/^ar-/, 'job-'))
    if (effect.effect === 'publish_status') await publishStatus(ports, effect.issuer_id, effect.shards)
    if (effect.effect === 'notify') outside.queue.push({ chain: effect.chain, sequence: effect.sequence })
  }

  /** What the relay would do now, each effect once: workflows are recorded, workers run, lists are published. */
  const drain = async (): Promise<void> => {
    for (;;) {
      const fresh = [...table.rows.values()].filter(
        (row) => String(row.sk).startsWith('EVENT#') && !followed.has(`${row.pk}${row.sk}`),
      )
      if (fresh.length === 0) return
      for (const row of fresh) {
        followed.add(`${row.pk}${row.sk}`)
        for (const effect of consequences(event.parse(withoutKeys(row)))) await carry(effect)
      }
    }
  }

  /** What the workflow would do when it is woken: re-read the job, and dispatch it if it may be. */
  const resume = async (job_id: string): Promise<void> => {
    const file = await ports.jobs.load(job_id)
    if (file === null || 'unreadable' in file || file.job.status !== 'Pending') return
    if (file.job.queue === 'kms') await issueCertificate(kms, job_id)
    else if (file.job.queue === 'acm-pca') await issueByAuthority(pca, job_id)
    else await applyChange(apply, job_id)
  }

  const jobOf = async (id: string) => {
    const file = await ports.jobs.load(id)
    if (file === null || 'unreadable' in file) throw new Error(`no job ${id}`)
    return file
  }

  /** A sweep, and what the relay does about each job that it touched. */
  const sweep = async () => {
    const touched: Job[] = []
    const touch: typeof ports.jobs.touch = async (job, ...times) => {
      touched.push(job)
      await ports.jobs.touch(job, ...times)
    }
    const swept = await tend({ ...clock, jobs: { ...ports.jobs, touch } })
    for (const effect of touched.flatMap(consequencesOfWaiting)) await carry(effect)
    return swept
  }

  const faults: unknown[] = []

  /** A sweep over the renewals that are due, at most so many; nothing is carried out yet. */
  const renew = (per_sweep = 200) =>
    renewDue({
      ...ports,
      propose: (certificate_id, scheduled) =>
        requestRenewal(ports, renewalPrincipal, { certificate_id, scheduled }),
      per_sweep,
      fault: (error) => void faults.push(error),
    })

  /** A request for a certificate, on the gated profile unless it says another. */
  const ask = async (body: object = {}, who: Name = 'alice') => {
    const request = { profile_id: 'p-prod-web', csr: csrFor('www.example.com'), ...body }
    const reply = await call(who, 'requestCertificate', { body: request })
    const { job, approval, certificate } = reply.body
    return {
      job_id: String(job.id),
      approval_id: String(approval?.id ?? ''),
      certificate_id: String(certificate.id),
    }
  }

  /** A certificate of alice's, issued under the profile that needs nobody else. */
  const made = async (body: object = {}) => {
    const asked = await ask({ profile_id: 'p-dev-web', ...body })
    await drain()
    return asked
  }

  /** From now on, for an hour, one decides in the place of another. */
  const standIn = async (delegate: Name, giver: Name, seconds = 3600): Promise<string> => {
    const until = new Date(time.getTime() + seconds * 1000).toISOString()
    const { body } = await call(giver, 'giveDelegation', {
      id: people[giver].id,
      body: { delegate_id: people[delegate].id, until },
    })
    return String(body.id)
  }

  return {
    ...ports,
    standIn,
    table,
    kms,
    apply,
    /** The key that vouches for deadlines. */
    clockReceipts: clock.receipts,
    people,
    become,
    signatures,
    /** What CloudTrail would tell of the CA keys. */
    keyUses,
    published,
    /** Whether the status site has an object there. */
    served: async (path: string) => published.has(path),
    keptRows,
    call,
    drain,
    jobOf,
    ask,
    made,
    sweep,
    renew,
    /** What went wrong in sweeps over renewals. */
    faults,
    authority,
    again,
    /** Whoever is told outside. */
    outside,
    telling,
    /** Has people told of everything that waits to be, as the first delivery of each message would. */
    tell: async () => {
      const told: Notified[] = []
      for (const place of outside.queue.splice(0)) told.push(await notify(telling, place, 1))
      return told
    },
    issuePrivately: (job_id: string) => issueByAuthority(pca, job_id),
    issue: (job_id: string) => issueCertificate(kms, job_id),
    /** The same, with other ports. */
    issueBy: (ports_of: typeof kms, job_id: string) => issueCertificate(ports_of, job_id),
    applyJob: (job_id: string) => applyChange(apply, job_id),
    tend: () => tend(clock),
    clock,
    /** What another world can begin with. */
    seed: (): Seed => ({
      ca_spec,
      rows: new Map(table.rows),
      followed: new Set(followed),
      published: new Map(published),
      keptRows: new Map(keptRows),
      keyUses: [...keyUses],
    }),
    /** Moves the clock, in seconds. */
    pass: (seconds: number) => {
      time = new Date(time.getTime() + seconds * 1000)
    },
  }
}

export type World = Awaited<ReturnType<typeof makeWorld>>

const withoutKeys = (row: Readonly<Record<string, unknown>>): unknown =>
  Object.fromEntries(
    Object.entries(row).filter(([name]) => !/^(pk|sk|ttl|touched_at|gsi\d[ps]k)$/.test(name)),
  )

export const profileBody = {
  name: 'Web',
  issuer_id: 'iss-web',
  key_algorithms: ['ECDSA_P256', 'RSA_2048'],
  subject: { allowed: ['CN', 'O'] },
  subject_alternative_names: { dns: { domains: ['example.com'], wildcards: false } },
  extended_key_usage: ['serverAuth'],
  validity: { default: 'P90D', max: 'P90D' },
} as const

const furnished = new Map<string, Promise<Seed>>()

/**
 * A world with a root, an issuing CA, `p-prod-web` (gated, as its argument
 * says) and `p-dev-web` (not), all made by jobs. They are made once for every
 * `policy`; each caller gets a world of its own that begins there.
 */
export const makeFurnishedWorld = async (
  policy: object = {},
  ca_spec: CaSpec = 'RSA_2048',
): Promise<World> => {
  const key = JSON.stringify([policy, ca_spec])
  const seed = furnished.get(key) ?? furnish(policy, ca_spec)
  furnished.set(key, seed)
  return makeWorld(await seed)
}

const furnish = async (policy: object, ca_spec: CaSpec): Promise<Seed> => {
  const world = await makeWorld(null, ca_spec)
  const approve = async (reply: Reply & { body: { approval: { id: string } | null } }): Promise<void> => {
    if (reply.body.approval !== null) await world.call('bob', 'approve', { id: reply.body.approval.id })
    await world.drain()
  }
  const subject = (name: string) => [
    { type: 'O', value: 'Example' },
    { type: 'CN', value: name },
  ]
  const ca = { type: 'kms', lifetime: 'P3650D' }
  await approve(
    await world.call('carol', 'createIssuer', {
      body: { ...ca, id: 'iss-root', name: 'Root', key: 'root', subject: subject('Root'), path_length: 1 },
    }),
  )
  await approve(
    await world.call('carol', 'createIssuer', {
      body: {
        ...ca,
        id: 'iss-web',
        name: 'Web',
        key: 'issuing',
        parent_id: 'iss-root',
        subject: subject('Web'),
        lifetime: 'P1825D',
        path_length: 0,
      },
    }),
  )
  const gated = { ...profileBody, id: 'p-prod-web', requires_approval: true, ...policy }
  await approve(await world.call('carol', 'createProfile', { body: gated }))
  await approve(await world.call('carol', 'createProfile', { body: { ...profileBody, id: 'p-dev-web' } }))
  return world.seed()
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A CSR for these host names, PEM; its common name is the first. */
export const csrFor = (...names: readonly [string, ...string[]]): string => {
  const attributes = [extensionRequest(dnsNames(...names))]
  return encodePem('CERTIFICATE REQUEST', csrOf({ subject: commonName(names[0]), attributes }))
}

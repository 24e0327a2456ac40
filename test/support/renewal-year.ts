import { renewDue } from '../../lib/flows/renew-due.ts'
import type { Certificate } from '../../lib/model/certificate.ts'
import type { Change } from '../../lib/model/change.ts'
import type { Event } from '../../lib/model/event.ts'
import type { Job } from '../../lib/model/job.ts'
import type { ProfileVersion } from '../../lib/model/profile.ts'
import { openedRow, type Renewal, scheduleOf } from '../../lib/model/renewal.ts'
import { instantOf } from '../../lib/model/time.ts'
import type { Jobs } from '../../lib/ports/jobs.ts'
import type { DueRenewal, RenewalFile, Renewals } from '../../lib/ports/renewals.ts'

/**
 * A year of renewals. Real: the policy and all its arithmetic, the look at
 * each row, the sweep with its index by hour and shard, its pointer, its limit
 * and its conditions on rows. Played: CSRs, plans, approvals by people,
 * signatures, and the table, which is a few maps here.
 */

const minute = 60_000
const hour = 60 * minute
export const day = 24 * hour

/** The same numbers each time: a year that fails fails again. */
export const chance = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

export type Kind = {
  readonly name: string
  readonly lifetime: number
  readonly count: number
  readonly document: ProfileVersion['document']
}

/** What the index shows of an hour and shard, by certificate. */
type Bucket = Map<string, DueRenewal>

type Held = {
  readonly kind: Kind
  /** Where the index shows it now. */
  bucket: Bucket | null
  certificate: Certificate
  renewal: Renewal
  has_csr: boolean
  issued: number
  version_issued_at: number
}

export type Expired = {
  readonly id: string
  readonly kind: string
  readonly state: Renewal['state']
  readonly error: string | null
  readonly awaiting: boolean
  readonly opens: number
  readonly ends: number
}

export type Outage = { readonly from: number; readonly to: number }

const within = (outages: readonly Outage[], at: number): boolean =>
  outages.some(({ from, to }) => at >= from && at < to)

export type YearOptions = {
  readonly kinds: readonly Kind[]
  readonly days: number
  readonly per_sweep: number
  readonly every_minutes: number
  readonly schedule_outages: readonly Outage[]
  readonly issuer_outages: readonly Outage[]
  /** What people do about an approval: after how long, and how; null for nothing. */
  readonly decision: (draw: () => number) => { readonly after: number; readonly approve: boolean } | null
  /** After how long somebody brings a CSR that is asked for; null for never. */
  readonly csr_after: (draw: () => number) => number | null
  /** After how long somebody renews by hand what the schedule gave up, once the issuer is there again. */
  readonly by_hand_after: (draw: () => number) => number
  /** Of a hundred jobs, how many fail whatever the issuer does; of a thousand transactions, how many are throttled. */
  readonly failing_percent: number
  readonly throttled_permille: number
}

const start = Date.parse('2026-01-01T00:00:00.000Z')
const shards = 4
const instantAt = (at: number): string => instantOf(new Date(at))

export const simulateYear = async (options: YearOptions) => {
  const draw = chance(20_260_301)
  let now = start
  let date = new Date(now)
  const clock = () => date
  const held = new Map<string, Held>()
  const profiles = new Map<string, ProfileVersion>()
  const jobs = new Map<string, Job>()
  /** What the index shows of each hour, shard by shard. */
  const buckets = new Map<string, readonly Bucket[]>()
  const agenda = new Map<number, (() => void)[]>()
  const opened: { id: string; at: number; version: number }[] = []
  const renewed: { id: string; at: number; since: number; lifetime: number }[] = []
  const expired: Expired[] = []
  const told: Event[] = []
  const counts = { sweeps: 0, looked: 0, keys: 0, throttled: 0, faults: 0 }
  let pointer: string | null = null
  let serials = 0

  const later = (at: number, act: () => void): void => {
    const slot = Math.max(Math.ceil(at / minute), Math.floor(now / minute) + 1)
    const acts = agenda.get(slot)
    if (acts === undefined) agenda.set(slot, [act])
    else acts.push(act)
  }

  const bucketOf = (certificate_id: string, next_at: string): Bucket | null => {
    const hour = next_at.slice(0, 13)
    const ofHour = buckets.get(hour) ?? Array.from({ length: shards }, (): Bucket => new Map())
    buckets.set(hour, ofHour)
    return ofHour[certificate_id.charCodeAt(certificate_id.length - 1) % shards] ?? null
  }

  const place = (one: Held, row: Renewal): void => {
    const { certificate_id, next_at, not_after } = row
    one.bucket?.delete(certificate_id)
    one.renewal = row
    one.bucket = next_at === null ? null : bucketOf(certificate_id, next_at)
    if (next_at !== null) one.bucket?.set(certificate_id, { certificate_id, next_at, not_after })
  }

  const heldBy = (id: string): Held => {
    const one = held.get(id)
    if (one === undefined) throw new Error(`no ${id}`)
    return one
  }

  const rowFor = (id: string, kind: Kind, number: number, issued_at: number): Renewal => {
    serials += 1
    return scheduleOf(
      {
        certificate_id: id,
        certificate_version: number,
        profile_id: `p-${kind.name}`,
        serial: `5a${serials.toString(16).padStart(38, '0')}`,
        issued_at: instantAt(issued_at),
        not_after: instantAt(issued_at + kind.lifetime),
        csr_by: 'pr-alice',
      },
      kind.document,
    )
  }

  const watchExpiry = (one: Held): void => {
    const { certificate_id, certificate_version, not_after } = one.renewal
    const opens = one.renewal.next_at ?? not_after
    later(Date.parse(not_after), () => {
      const row = heldBy(certificate_id).renewal
      if (row.certificate_version !== certificate_version) return
      const job = row.job_id === null ? undefined : jobs.get(row.job_id)
      expired.push({
        id: certificate_id,
        kind: one.kind.name,
        state: row.state,
        error: row.last_error,
        awaiting: job?.status === 'AwaitingApproval',
        opens: Date.parse(opens),
        ends: Date.parse(not_after),
      })
    })
  }

  const end = (
    job: Job,
    status: Job['status'],
    error_message: string,
    state?: 'rejected' | 'expired',
  ): void => {
    const approval = job.approval === null || state === undefined ? job.approval : { ...job.approval, state }
    jobs.set(job.id, { ...job, status, approval, error_message })
  }

  /** The worker: tries for half an hour, as five attempts do; then the job has failed. */
  const work = (id: string, until: number): void => {
    const job = jobs.get(id)
    if (job === undefined || job.status !== 'Pending') return
    const down = within(options.issuer_outages, now)
    if (down && now < until) {
      later(now + 5 * minute, () => work(id, until))
      return
    }
    if (down || draw() * 100 < options.failing_percent) {
      end(job, 'Failed', 'given up after 5 attempts')
      return
    }
    const one = heldBy(job.certificate_id ?? '')
    const number = one.certificate.current_version + 1
    // The row forgets a job that is done, and nobody else asks.
    jobs.delete(id)
    renewed.push({
      id: one.certificate.id,
      at: now,
      since: now - one.version_issued_at,
      lifetime: one.kind.lifetime,
    })
    one.certificate = {
      ...one.certificate,
      current_version: number,
      not_after: instantAt(now + one.kind.lifetime),
    }
    one.version_issued_at = now
    one.issued += 1
    if (!one.kind.document.allow_key_reuse) one.has_csr = false
    place(one, rowFor(one.certificate.id, one.kind, number, now))
    watchExpiry(one)
  }

  const people = (job: Job): void => {
    const decision = options.decision(draw)
    const deadline = now + 7 * day
    const ended = decision === null ? null : now + decision.after
    later(ended === null || ended > deadline ? deadline : ended, () => {
      const waiting = jobs.get(job.id)
      if (waiting === undefined || waiting.status !== 'AwaitingApproval') return
      if (decision === null || ended === null || ended > deadline)
        end(waiting, 'Cancelled', 'approval expired', 'expired')
      else if (!decision.approve) end(waiting, 'Cancelled', 'rejected: no', 'rejected')
      else {
        jobs.set(job.id, { ...waiting, status: 'Pending' })
        later(now, () => work(job.id, now + 30 * minute))
      }
    })
  }

  const throttle = (): void => {
    if (draw() * 1000 >= options.throttled_permille) return
    counts.throttled += 1
    throw new Error('ProvisionedThroughputExceededException')
  }

  const renewals: Renewals = {
    shards,
    load: async (id): Promise<RenewalFile> => {
      const one = heldBy(id)
      counts.looked += 1
      const csr = { csr: '', spki_sha256: '', uploaded_by: 'pr-alice', uploaded_at: '', used_by: null }
      return {
        certificate: one.certificate,
        renewal: one.renewal,
        newest: { csr: '', number: one.certificate.current_version } as unknown as RenewalFile['newest'],
        next_csr:
          one.has_csr && !one.kind.document.allow_key_reuse
            ? { certificate_id: id, version: 1, ...csr }
            : null,
      }
    },
    due: async (bucket, before, limit) => {
      const found: DueRenewal[] = []
      for (const due of buckets.get(bucket.hour)?.[bucket.shard]?.values() ?? [])
        if (due.next_at <= before) found.push(due)
      counts.keys += Math.min(found.length, limit)
      return found.sort((a, b) => (a.next_at < b.next_at ? -1 : 1)).slice(0, limit)
    },
    put: async (row) => {
      throttle()
      const one = heldBy(row.certificate_id)
      if (one.renewal.version !== row.version - 1) return { conflict: 'next_renewal' }
      place(one, row)
      return 'committed'
    },
    lastEvent: async () => null,
    postpone: async ({ certificate_id }, until) => {
      const one = heldBy(certificate_id)
      place(one, { ...one.renewal, next_at: until })
    },
    pointer: async () => pointer,
    movePointer: async (from, to) => {
      if (pointer === from) pointer = to
    },
  }

  const commit = async ({ job, events, writes }: Change): Promise<Awaited<ReturnType<Jobs['commit']>>> => {
    throttle()
    for (const write of writes) {
      if (write.write !== 'next_renewal') throw new Error(`a ${write.write} is not played here`)
      const one = heldBy(write.renewal.certificate_id)
      if (one.renewal.version !== write.renewal.version - 1) return { conflict: 'next_renewal' }
      place(one, write.renewal)
    }
    if (job === null) {
      for (const event of events) {
        told.push(event)
        if (event.type === 'renewal_needs_csr') bringCsr(event.resource)
        if (event.type === 'renewal_failed') renewByHand(event)
      }
      return 'committed'
    }
    jobs.set(job.id, job)
    opened.push({ id: job.certificate_id ?? '', at: now, version: job.profile_version ?? 0 })
    if (job.status === 'AwaitingApproval') people(job)
    else later(now, () => work(job.id, now + 30 * minute))
    return 'committed'
  }

  const bringCsr = (id: string): void => {
    const after = options.csr_after(draw)
    if (after === null) return
    const asked = heldBy(id).renewal.certificate_version
    later(now + after, () => {
      const one = heldBy(id)
      if (one.renewal.certificate_version !== asked) return
      one.has_csr = true
      const at = instantAt(now)
      if (one.renewal.state === 'needs_csr')
        place(one, {
          ...one.renewal,
          version: one.renewal.version + 1,
          state: 'scheduled',
          retry_at: at,
          next_at: at,
        })
    })
  }

  /** The owner, told that the schedule gave up over an issuer, asks for it themselves some hours later. */
  const renewByHand = (event: Event): void => {
    const { resource, details } = event
    if (!String(details.reason).startsWith('given up')) return
    later(now + options.by_hand_after(draw), () => {
      const one = heldBy(resource)
      if (one.renewal.state !== 'exhausted') return
      if (within(options.issuer_outages, now)) {
        renewByHand(event)
        return
      }
      const { renewal } = one
      jobCount += 1
      const job = jobFor(`job-${jobCount}`, one, null)
      place(
        one,
        openedRow(renewal, { job_id: job.id, by_schedule: false, document: one.kind.document, now: clock() }),
      )
      jobs.set(job.id, job)
      later(now, () => work(job.id, now + 30 * minute))
    })
  }

  let jobCount = 0
  const jobFor = (id: string, one: Held, approval: Job['approval']): Job =>
    ({
      id,
      certificate_id: one.certificate.id,
      status: approval === null ? 'Pending' : 'AwaitingApproval',
      approval,
      profile_version: one.renewal.certificate_version,
    }) as unknown as Job

  const propose = async (id: string) => {
    const one = heldBy(id)
    const { document } = one.kind
    jobCount += 1
    const job_id = `job-${jobCount}`
    const approval = document.requires_approval ? ({ state: 'pending' } as Job['approval']) : null
    const job = jobFor(job_id, one, approval)
    const renewal = openedRow(one.renewal, { job_id, by_schedule: true, document, now: clock() })
    const change = { job, events: [], writes: [{ write: 'next_renewal', renewal }] } as unknown as Change
    return { job, certificate: one.certificate, change }
  }

  for (const kind of options.kinds) {
    const id = `p-${kind.name}`
    profiles.set(id, { id, status: 'active', document: kind.document } as unknown as ProfileVersion)
    for (let n = 0; n < kind.count; n += 1) {
      // An inventory that grew: its certificates are of every age below the one at which they renew.
      const issued_at = start - draw() * kind.lifetime * 0.6
      const certificate_id = `mc-${kind.name}-${n}`
      const one: Held = {
        kind,
        certificate: {
          id: certificate_id,
          owner: 'pr-alice',
          team: null,
          name: certificate_id,
          profile_id: id,
          status: 'Active',
          current_version: 1,
        } as unknown as Certificate,
        renewal: { ...rowFor(certificate_id, kind, 1, issued_at) },
        bucket: null,
        has_csr: false,
        issued: 1,
        version_issued_at: issued_at,
      }
      held.set(certificate_id, one)
      place(one, one.renewal)
      watchExpiry(one)
    }
  }

  const deps = {
    renewals,
    jobs: {
      commit,
      load: async (id: string) => {
        const job = jobs.get(id)
        return job === undefined ? null : ({ job } as Awaited<ReturnType<Jobs['load']>>)
      },
    },
    profiles: { current: async (id: string) => profiles.get(id) ?? null },
    propose,
    now: clock,
    per_sweep: options.per_sweep,
    fault: () => {
      counts.faults += 1
    },
  }

  /** Whether a sweep would find anything: a sweep over nothing costs its queries and changes nothing. */
  const hourNames = new Map<number, string>()
  const hourName = (at: number): string => {
    const number = Math.floor(at / hour)
    const name = hourNames.get(number) ?? instantAt(number * hour).slice(0, 13)
    hourNames.set(number, name)
    return name
  }

  const isAnythingDue = (): boolean => {
    const before = instantAt(now)
    const from = pointer === null ? start - 168 * hour : Date.parse(`${pointer}:00:00.000Z`)
    for (let at = from; at <= now; at += hour)
      for (const bucket of buckets.get(hourName(at)) ?? [])
        for (const { next_at } of bucket.values()) if (next_at <= before) return true
    return false
  }

  const over = start + options.days * day
  for (; now < over; now += minute) {
    date = new Date(now)
    const slot = Math.floor(now / minute)
    for (const act of agenda.get(slot) ?? []) act()
    agenda.delete(slot)
    if (slot % options.every_minutes !== 0 || within(options.schedule_outages, now) || !isAnythingDue())
      continue
    counts.sweeps += 1
    // The schedule delivers some of its calls twice, at once.
    const twice = draw() < 0.05
    const sweeps = twice ? [renewDue(deps), renewDue(deps)] : [renewDue(deps)]
    await Promise.all(sweeps)
  }
  return { start, held, opened, renewed, expired, told, counts }
}

import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import type { Event } from '../model/event.ts'
import type { NextCsr, Renewal } from '../model/renewal.ts'
import type { PlannedBatch } from '../model/renewal-batch.ts'
import type { Committed } from './page.ts'

/** What the index says of a renewal that is due. Instants. */
export type DueRenewal = {
  readonly certificate_id: string
  readonly next_at: string
  readonly not_after: string
}

/** A certificate as its renewal sees it. */
export type RenewalFile = {
  readonly certificate: Certificate
  /** Null for what was issued before there were scheduled renewals. */
  readonly renewal: Renewal | null
  readonly next_csr: NextCsr | null
  readonly newest: CertificateVersion | null
}

export type Renewals = {
  /** Strongly consistent, in two calls, however many versions there are. */
  readonly load: (certificate_id: string) => Promise<RenewalFile | null>
  /** How many partitions of the index an hour has. */
  readonly shards: number
  /** What is due by `now` of one hour (`2026-03-01T12`), soonest first. Reads nothing that is not due. */
  readonly due: (
    bucket: { readonly hour: string; readonly shard: number },
    now: string,
    limit: number,
  ) => Promise<readonly DueRenewal[]>
  /** Replaces the row before it; a row that changes together with a job is part of that job's change. */
  readonly put: (renewal: Renewal) => Promise<Committed>
  /** The newest of what a certificate's owner was told. */
  readonly lastEvent: (certificate_id: string) => Promise<Event | null>
  /** Lets the sweep come back to it later, whatever is in it. */
  readonly postpone: (due: DueRenewal, until: string) => Promise<void>
  /** The oldest hour in which something may still be due; null before the first sweep. */
  readonly pointer: () => Promise<string | null>
  /** Nothing happens where another sweep moved it. */
  readonly movePointer: (from: string | null, to: string) => Promise<void>
}

/** Batches of renewals that were planned, by the digest of what would be done. */
export type RenewalPlans = {
  readonly get: (digest: string) => Promise<PlannedBatch | null>
  /** Once, however often. */
  readonly put: (digest: string, planned: PlannedBatch) => Promise<void>
}

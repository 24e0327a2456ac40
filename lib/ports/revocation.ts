import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import type { Event } from '../model/event.ts'
import type { CrlHead, RevocationEntry, SerialStatus } from '../model/revocation.ts'
import type { CommonTrait, RevocationPlan, Target } from '../model/revocation-plan.ts'

/** What a revocation needs to know of one certificate, all of it as stored. */
export type Revocable = {
  readonly target: Target
  readonly certificate: Certificate
  readonly version: CertificateVersion
  readonly serial: SerialStatus
}

export type Revocables = {
  /** In one strongly consistent call, for at most 30 targets; one that is not whole is a fault. */
  readonly load: (targets: readonly Target[]) => Promise<readonly Revocable[]>
}

/** What was issued, as far as revocations in bulk ask for it. */
export type SerialInventory = {
  /** Every certificate with this trait that ends after an instant. */
  readonly unexpired: (having: CommonTrait, now: string) => AsyncIterable<SerialStatus>
  readonly named: (issuer_id: string, serials: readonly string[]) => Promise<readonly (SerialStatus | null)[]>
}

/** Plans by their digest. */
export type RevocationPlans = {
  readonly get: (digest: string) => Promise<RevocationPlan | null>
  /** Once, however often. */
  readonly put: (plan: RevocationPlan, lines: readonly string[]) => Promise<void>
  readonly lines: (digest: string) => AsyncIterable<string>
}

/** The record that relying parties are answered from. */
export type SerialStatuses = {
  readonly get: (issuer_id: string, serial: string) => Promise<SerialStatus | null>
}

export type RevocationLists = {
  readonly head: (issuer_id: string, shard: number) => Promise<CrlHead | null>
  /** Records the event and takes the next number; false where somebody else took it. */
  readonly advance: (head: CrlHead, event: Event) => Promise<boolean>
  /** Records what a key is about to be used for; false where another event came first. */
  readonly record: (issuer_id: string, shard: number, event: Event) => Promise<boolean>
  /** What was recorded of a shard since an instant, or ever: strongly consistent, oldest first. */
  readonly entries: (issuer_id: string, shard: number, from: string | null) => AsyncIterable<RevocationEntry>
  readonly lastEvent: (issuer_id: string, shard: number) => Promise<Event | null>
}

/** The rows of each shard, kept beside the table; only as good as their hash in the shard's head. */
export type ShardRows = {
  readonly get: (issuer_id: string, shard: number) => Promise<Uint8Array | null>
  /** Replaces them unless newer ones (by `order`) are there already. */
  readonly put: (issuer_id: string, shard: number, rows: Uint8Array, order: number) => Promise<void>
}

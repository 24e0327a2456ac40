import type { OctetStream } from '../pki/crl.ts'

/** What CloudFront serves. */
export type StatusSite = {
  /** Replaces the object unless a newer one (by `order`) is there already. */
  readonly publish: (object: {
    readonly path: string
    readonly body: OctetStream
    readonly content_type: string
    readonly max_age_seconds: number
    readonly order: number
  }) => Promise<'published' | 'newer_there'>
}

/** What relying parties fetch, as it is at its path; null where nothing is. */
export type PublishedLists = { readonly get: (path: string) => Promise<Uint8Array | null> }

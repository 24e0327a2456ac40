import { append, type Event } from '../model/event.ts'
import { isWorthALook, type KeyUse, useComplaints } from '../model/key-use.ts'
import type { Clock } from '../model/time.ts'
import type { KeyUses } from '../ports/keys.ts'

export type ReconcileDeps = {
  readonly uses: KeyUses
  /** Key names of the deployment → KMS key ARNs. */
  readonly ca_keys: Readonly<Record<string, string>>
  /** ARNs of the roles that may sign with them. */
  readonly signers: readonly string[]
  readonly now: Clock
}

export type Reconciled = 'matched' | 'unmatched' | 'no_use'

const arnOf = ({ ca_keys }: ReconcileDeps, key: unknown): string | null =>
  typeof key === 'string' && Object.hasOwn(ca_keys, key) ? (ca_keys[key] ?? null) : null

/** Which key an event is about: most say so; the request of an issuer has it in its content. */
const keyOf = async (deps: ReconcileDeps, event: Event | null): Promise<string | null> => {
  if (event === null) return null
  if (event.type !== 'issuer_change_requested') return arnOf(deps, event.details.key)
  return arnOf(deps, await deps.uses.requestKey(event.chain))
}

const complaintsOf = async (deps: ReconcileDeps, use: KeyUse): Promise<readonly string[]> => {
  if (use.error !== null) return [`KMS turned somebody away: ${use.error}`]
  const event = use.event_id === null ? null : await deps.uses.event(use.event_id)
  const count = event === null ? 1 : await deps.uses.keep(use)
  const key_arn = await keyOf(deps, event)
  return [...useComplaints(use, { event, key_arn, signers: deps.signers, count })]
}

/**
 * Holds one call of `kms:Sign` with a CA key against the record. A use that no
 * event accounts for, or that was denied, is put on record
 * (`key_use_unmatched`); an alarm watches for it. Told twice is once.
 */
export const reconcileKeyUse = async (deps: ReconcileDeps, use: KeyUse): Promise<Reconciled> => {
  if (!isWorthALook(use)) return 'no_use'
  const complaints = await complaintsOf(deps, use)
  if (complaints.length === 0) return 'matched'
  const { key_arn, by, request_id, event_id, time } = use
  const [event] = append(
    `use-${request_id}`,
    [],
    [
      {
        type: 'key_use_unmatched',
        actor: { id: 'watch-key-use', type: 'System' },
        resource: key_arn ?? 'unknown',
        job: null,
        details: { by, key_arn, request_id, event_id, used_at: time, reason: complaints.join('; ') },
      },
    ],
    deps.now(),
  )
  if (event !== undefined) await deps.uses.report(event)
  return 'unmatched'
}

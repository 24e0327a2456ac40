import { type Draft, step } from '../model/change.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobFile } from '../model/job.ts'
import type { Target } from '../model/revocation-plan.ts'
import { instantOf, later } from '../model/time.ts'
import { serialName, toldOf } from '../model/told.ts'
import type { Authority } from '../ports/authority.ts'
import type { Revocable } from '../ports/revocation.ts'
import type { Result } from './carry-out.ts'
import { authoritiesOf, type Revocation, type RevokeDeps, targetsOf } from './revoke.ts'

export type RevokeAtAuthorityDeps = RevokeDeps & { readonly authority: Pick<Authority, 'revoke'> }

/** How many are told between two records of it. */
const together = 20

/** How long one run goes on before it leaves the rest to the next, in seconds. */
const runSeconds = 5

/**
 * Tells the authority of one certificate that is revoked in our own records;
 * whoever writes a job by hand can have nothing revoked that is not. What has
 * ended meanwhile is no longer revoked by anybody.
 */
const tell = async (
  { authority, now }: RevokeAtAuthorityDeps,
  { target, serial }: Revocable,
  issuer: Issuer,
): Promise<void> => {
  if (serial.not_after <= instantOf(now())) return
  if (serial.status !== 'revoked' || serial.reason === null)
    throw new Error(`${serialName(target)} is not revoked here`)
  await authority.revoke({ authority: issuer.key, serial: serial.serial, reason: serial.reason })
}

type Left = { readonly targets: readonly Target[]; readonly authorities: ReadonlyMap<string, Issuer> }

/** Tells the authority of the next few, and puts that on record; null where somebody else did. */
const advance = async (
  deps: RevokeAtAuthorityDeps,
  file: JobFile,
  { targets, authorities }: Left,
  stop_at: Date,
): Promise<JobFile | null> => {
  const batch = targets.slice(0, together)
  for (const found of await deps.revocables.load(batch)) {
    const issuer = authorities.get(found.target.issuer_id)
    if (issuer !== undefined) await tell(deps, found, issuer)
  }
  const now = deps.now()
  const over = batch.length === targets.length
  const draft: Draft = {
    type: 'certificate_revoked_at_authority',
    actor: { id: deps.worker, type: 'System' },
    details: {
      revoked: batch.map(({ issuer_id, serial }) => ({ issuer_id, serial })),
      left: targets.length - batch.length,
      continues: !over && now >= stop_at,
    },
  }
  const change = step(file, over ? { status: 'Completed', attempts: 1 } : {}, [draft], now)
  if ((await deps.jobs.commit(change)) !== 'committed' || change.job === null) return null
  return { ...file, job: change.job, events: [...file.events, ...change.events] }
}

/**
 * Tells AWS Private CA what is revoked in our records already, so that its own
 * CRL and OCSP say so too. Each may be told twice without harm; what could not
 * be told is told when the job is delivered again, which it is until all is.
 */
export const revokeAtAuthority = async (
  deps: RevokeAtAuthorityDeps,
  file: JobFile,
  content: Revocation,
): Promise<Result> => {
  const targets = await targetsOf(deps, content)
  const authorities = await authoritiesOf(deps, targets)
  const stop_at = later(deps.now(), runSeconds)
  for (let at = file; ; ) {
    const known = toldOf(at.events)
    const left = targets.filter(
      (target) => authorities.has(target.issuer_id) && !known.has(serialName(target)),
    )
    const after = await advance(deps, at, { targets: left, authorities }, stop_at)
    if (after === null) return 'in_other_hands'
    if (after.job.status === 'Completed' || after.events.at(-1)?.details.continues === true) return 'done'
    at = after
  }
}

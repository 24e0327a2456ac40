import * as z from 'zod'
import { keyAlgorithms } from './algorithms.ts'
import { canonicalJson, digestOf } from './digest.ts'
import { certificateId, grantId, jobId, principalId, profileId, teamName } from './ids.ts'
import { distinguishedName, generalName } from './names.ts'
import type { CertificatePlan } from './plan.ts'
import { durationBetween, instant, secondsOf } from './time.ts'

/** How often a grant may let a certificate be renewed, and how often at most. */
export const grantIssuances = z.int().min(1).max(1000)
export const grantPeriod = durationBetween('PT15M', 'P366D')

/** What a standing grant allows, whole: approved as it stands here, and never changed. */
export const grantBounds = z.strictObject({
  certificate_id: certificateId,
  /** The team that the certificate belongs to: whose people approved, where the profile routes by it. */
  team: teamName.nullable().default(null),
  profile_id: profileId,
  profile_version: z.int().min(1),
  /** This subject and no other. */
  subject: distinguishedName,
  /** These names or fewer. */
  subject_alternative_names: z.array(generalName).min(1).max(1000),
  key_algorithms: z.array(z.enum(keyAlgorithms)).min(1),
  /** SHA-256 of the one public key that may be certified; null for any key of these kinds. */
  spki_sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** No renewal lives longer. */
  lifetime_seconds: z.int().min(60),
  issuances: grantIssuances,
  /** One renewal at most in each, counted from `valid_from`. */
  period: grantPeriod,
  valid_from: instant,
  valid_until: instant,
})

export type GrantBounds = Readonly<z.infer<typeof grantBounds>>

/** What became of an approved grant. What it allows is believed only from the job that people approved. */
export const grant = grantBounds.extend({
  id: grantId,
  version: z.int().min(1),
  requested_by: principalId,
  owner: z.string(),
  approved_by: z.array(principalId).min(1),
  granted_at: instant,
  withdrawn_at: instant.nullable(),
  withdrawn_by: principalId.nullable(),
})

export type Grant = Readonly<z.infer<typeof grant>>

/** The place of one renewal under a grant: the number of its issuance, and the period that it is for. */
export const grantPlace = z.strictObject({
  id: grantId,
  number: grantIssuances,
  /** Counted from 0. */
  window: z.int().min(0),
})

export type GrantPlace = Readonly<z.infer<typeof grantPlace>>

/** The newest place that was given away, and to which job. */
export const grantUse = grantPlace.extend({ version: z.int().min(1), job_id: jobId })

export type GrantUse = Readonly<z.infer<typeof grantUse>>

/** What a signer keeps of a place before it uses a key: what it will sign there, by the digest of the job's content. */
export const spentPlace = grantPlace.extend({ job_id: jobId, digest: z.string(), time: instant })

export type SpentPlace = Readonly<z.infer<typeof spentPlace>>

/** What ends the grants of a certificate: one of its versions was revoked because its key is in other hands. */
export const compromise = z.strictObject({
  certificate_id: certificateId,
  issuer_id: z.string(),
  serial: z.string(),
  recorded_at: instant,
})

export type Compromise = Readonly<z.infer<typeof compromise>>

/** The period that an instant falls in; negative before the first. */
export const windowAt = ({ valid_from, period }: GrantBounds, time: string): number =>
  Math.floor((Date.parse(time) - Date.parse(valid_from)) / 1000 / secondsOf(period))

/** A renewal, as far as a grant bears on it. */
export type Bounded = {
  readonly certificate_id: string
  readonly team: string | null
  readonly profile_id: string
  readonly profile_version: number
  readonly plan: CertificatePlan
}

/** Why a renewal is more than a grant allows, whatever the moment; nothing where it is not. */
export function* boundsComplaints(bounds: GrantBounds, renewal: Bounded): Generator<string> {
  const { plan } = renewal
  if (renewal.certificate_id !== bounds.certificate_id) yield `it is for ${bounds.certificate_id}`
  if (renewal.team !== bounds.team)
    yield `it is for ${bounds.team === null ? 'no team' : `team ${bounds.team}`}`
  if (renewal.profile_id !== bounds.profile_id || renewal.profile_version !== bounds.profile_version)
    yield `it is for version ${bounds.profile_version} of profile ${bounds.profile_id}`
  if (digestOf(plan.subject) !== digestOf(bounds.subject)) yield 'the subject is another one'
  const allowed = new Set(bounds.subject_alternative_names.map(canonicalJson))
  for (const name of plan.subject_alternative_names)
    if (!allowed.has(canonicalJson(name))) yield `it has no name ${name.type}:${name.value}`
  const { algorithm, spki_sha256 } = plan.public_key
  if (!bounds.key_algorithms.includes(algorithm))
    yield `key ${algorithm} is none of ${bounds.key_algorithms.join(', ')}`
  if (bounds.spki_sha256 !== null && bounds.spki_sha256 !== spki_sha256) yield 'it is for another public key'
  if (plan.validity.lifetime_seconds > bounds.lifetime_seconds)
    yield `a lifetime of ${plan.validity.lifetime_seconds} seconds is more than ${bounds.lifetime_seconds}`
}

/** Why a place is none of a grant's at an instant; a renewal may be signed one period late, and never early. */
export function* placeComplaints(bounds: GrantBounds, place: GrantPlace, time: string): Generator<string> {
  if (place.number > bounds.issuances) yield `it allows ${bounds.issuances} renewals, not ${place.number}`
  if (time > bounds.valid_until) yield `it ended at ${bounds.valid_until}`
  const late = windowAt(bounds, time) - place.window
  if (late !== 0 && late !== 1) yield 'the period is another one'
}

export const grantStates = ['active', 'exhausted', 'expired', 'withdrawn', 'ended'] as const

export type GrantStanding = {
  readonly state: (typeof grantStates)[number]
  /** Null of a grant that is active. */
  readonly detail: string | null
}

/** What a grant's standing depends on besides itself. */
export type Surroundings = {
  /** The profile in force, or null where there is none. */
  readonly current: { readonly id: string; readonly version: number; readonly status: string } | null
  /** The newest compromise of the certificate, or null. */
  readonly compromised_at: string | null
  readonly now: string
}

const ended = (bounds: GrantBounds, { current, compromised_at }: Surroundings): string | null => {
  if (compromised_at !== null && compromised_at >= bounds.valid_from)
    return `a key of the certificate was reported compromised at ${compromised_at}`
  if (current?.status !== 'active' || current.id !== bounds.profile_id)
    return `profile ${bounds.profile_id} is not in force`
  return current.version === bounds.profile_version
    ? null
    : `profile ${bounds.profile_id} is at version ${current.version}, and it was granted under ${bounds.profile_version}`
}

/** How a grant stands, whoever would use it. Nothing brings one back to life. */
export const standingOf = (of: Grant, around: Surroundings): GrantStanding => {
  if (of.withdrawn_at !== null)
    return { state: 'withdrawn', detail: `it was withdrawn by ${of.withdrawn_by} at ${of.withdrawn_at}` }
  const detail = ended(of, around)
  if (detail !== null) return { state: 'ended', detail }
  return around.now > of.valid_until
    ? { state: 'expired', detail: `it ended at ${of.valid_until}` }
    : { state: 'active', detail: null }
}

/** The place that comes after the newest one, or why there is none now. `given_back`: what was given away came to nothing. */
export const nextPlace = (
  of: Grant,
  last: GrantUse | null,
  at: { readonly now: string; readonly given_back: boolean },
): GrantPlace | { readonly detail: string } => {
  const number = (last?.number ?? 0) + (at.given_back ? 0 : 1)
  const window = windowAt(of, at.now)
  if (number > of.issuances) return { detail: `its ${of.issuances} renewals are used up` }
  if (last !== null && !at.given_back && last.window >= window)
    return { detail: `it allows one renewal in ${of.period}, and ${last.job_id} is that one` }
  return { id: of.id, number, window }
}

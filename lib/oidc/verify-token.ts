import { createRemoteJWKSet, decodeJwt, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { JOSEError, JWKSInvalid, JWKSTimeout } from 'jose/errors'
import type { OidcIssuer } from '../model/oidc-issuer.ts'
import type { Role } from '../model/principal.ts'
import type { Clock } from '../model/time.ts'
import type { VerifyToken } from '../ports/requests.ts'

type Deps = {
  readonly issuers: readonly OidcIssuer[]
  readonly now: Clock
  /** How soon, in milliseconds, an unknown key id may make us ask for the issuer's keys again. */
  readonly cooldown: number
}

type Known = OidcIssuer & { readonly keys: JWTVerifyGetKey }

/** The issuer a token claims to be of: which of our own settings to hold it against, and nothing more. */
const claimedIssuer = (token: string): string | null => {
  try {
    return decodeJwt(token).iss ?? null
  } catch {
    return null
  }
}

/** A token that does not hold is nobody's; keys that cannot be had are a fault of ours or of theirs. */
const isNotValid = (error: unknown): boolean =>
  error instanceof JOSEError &&
  error.code !== 'ERR_JOSE_GENERIC' &&
  !(error instanceof JWKSTimeout) &&
  !(error instanceof JWKSInvalid)

const rolesOf = ({ groups_claim, group_roles }: OidcIssuer, payload: JWTPayload): readonly Role[] => {
  const groups = payload[groups_claim]
  if (!Array.isArray(groups)) return []
  const given = groups.flatMap((group): readonly Role[] =>
    typeof group === 'string' && Object.hasOwn(group_roles, group) ? (group_roles[group] ?? []) : [],
  )
  return [...new Set(given)]
}

/**
 * Takes signed tokens of the configured issuers: signature by a key of the
 * issuer's own set under an algorithm that the stage names, `iss`, `aud`,
 * `exp` and `nbf` as they must be. The key sets are kept for ten minutes.
 */
export const tokenVerifier = ({ issuers, now, cooldown }: Deps): VerifyToken => {
  const known: readonly Known[] = issuers.map((issuer) => {
    const url = new URL(issuer.jwks_url)
    const keys = createRemoteJWKSet(url, { cooldownDuration: cooldown, cacheMaxAge: 600_000 })
    return { ...issuer, keys }
  })
  return async (token) => {
    const claimed = claimedIssuer(token)
    const issuer = known.find((one) => one.issuer === claimed)
    if (issuer === undefined) return null
    try {
      const { payload } = await jwtVerify(token, issuer.keys, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: [...issuer.algorithms],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: 10,
        currentDate: now(),
      })
      const { sub } = payload
      if (sub === undefined || sub === '') return null
      return { issuer: issuer.issuer, subject: sub, roles: rolesOf(issuer, payload) }
    } catch (error) {
      if (isNotValid(error)) return null
      throw error
    }
  }
}

import { countsOf } from './counts.ts'
import type { JobContent } from './job.ts'
import type { CertificatePlan } from './plan.ts'
import type { PrincipalDocument } from './principal.ts'
import type { PrincipalContent } from './principal-content.ts'

const days = (seconds: number): string =>
  seconds % 86_400 === 0 ? `${seconds / 86_400} days` : `${Math.round(seconds / 60)} minutes`

const planned = (plan: CertificatePlan): string => {
  const subject = plan.subject.map(({ type, value }) => `${type}=${value}`).join(', ')
  const names = plan.subject_alternative_names.map(({ type, value }) => `${type}:${value}`)
  const shown = names.length > 5 ? [...names.slice(0, 5), `and ${names.length - 5} more`] : names
  const { algorithm } = plan.public_key
  return [subject, ...shown, algorithm, `for ${days(plan.validity.lifetime_seconds)}`, `by ${plan.issuer.id}`]
    .filter((part) => part !== '')
    .join(', ')
}

// Anything that could change how its surroundings are displayed: controls, separators, bidi, invisible characters.
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Text from outside as it may be shown to a person: what is invisible is spelt out. */
export const harmless = (text: string): string =>
  text.replace(
    harmful,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  )

const revoked = (content: Extract<JobContent, { type: 'Revocation' }>): string => {
  if (content.operation === 'bulk') {
    const { matched, selection, reason } = content.chosen
    const chosen = Object.entries(selection).map(([name, value]) =>
      typeof value === 'string' ? `${name} ${value}` : `${value.length} ${name}`,
    )
    return `revoke ${matched} certificates: ${chosen.join(', ')} (${reason})`
  }
  const serials = content.versions.map(({ serial }) => serial)
  const shown = serials.length > 5 ? [...serials.slice(0, 5), `and ${serials.length - 5} more`] : serials
  return `${content.operation} ${content.certificate_id}: ${shown.join(', ')} (${content.reason})`
}

const issuerSummary = (content: Extract<JobContent, { type: 'IssuerChange' }>): string => {
  const { operation, issuer_id } = content
  switch (operation) {
    case 'create':
      return `create issuer ${issuer_id} with key ${content.key}: CA ${planned(content.plan)}`
    case 'request':
      return `sign a request of issuer ${issuer_id} with key ${content.key}, for a CA certificate from outside`
    case 'import':
      return `import issuer ${issuer_id} with key ${content.key}: certificate SHA-256 ${content.facts.certificate_sha256}, until ${content.facts.not_after}`
    case 'retire':
      return `retire issuer ${issuer_id}: it issues nothing more; CRL and OCSP go on`
    case 'revoke':
      return `revoke the CA certificate of issuer ${issuer_id}, serial ${content.serial} by ${content.parent_id} (${content.reason}): nothing that it issued is believed any more; it is retired`
  }
}

const granted = (content: Extract<JobContent, { type: 'GrantChange' }>): string => {
  const names = content.subject_alternative_names.map(({ type, value }) => `${type}:${value}`)
  const shown = names.length > 5 ? [...names.slice(0, 5), `and ${names.length - 5} more`] : names
  const key = content.spki_sha256 === null ? 'a key' : 'its present key'
  return [
    `let ${content.certificate_id} be renewed ${content.issuances} times without further approval`,
    `once in ${content.period} at most`,
    `until ${content.valid_until}`,
    `for ${shown.join(', ')}`,
    `with ${key} of ${content.key_algorithms.join(', ')}`,
    `each for ${days(content.lifetime_seconds)}`,
    `under version ${content.profile_version} of profile ${content.profile_id}`,
  ].join(', ')
}

const whois = ({ kind, name, email }: PrincipalDocument): string =>
  `${kind} ${name}${email === null ? '' : ` <${email}>`}`

const rolesOf = ({ roles, teams, status }: PrincipalDocument): string =>
  `${roles.length === 0 ? 'no role' : roles.join(', ')}${teams.length === 0 ? '' : ` in ${teams.join(', ')}`}${status === 'disabled' ? ' (disabled)' : ''}`

const peopleSummary = (content: PrincipalContent): string => {
  const { principal_id: id } = content
  switch (content.operation) {
    case 'create':
      return `make ${whois(content.document)} as ${id}: ${rolesOf(content.document)}`
    case 'change': {
      const { before, document } = content
      const known = whois(before) === whois(document) ? '' : `, from now on ${whois(document)}`
      return `change ${id}, ${whois(before)}: ${rolesOf(before)} becomes ${rolesOf(document)}${known}`
    }
    case 'add_api_key':
      return `give ${id}, ${whois(content.holder)} (${rolesOf(content.holder)}), API key ${content.key.id}: SHA-256 of its secret ${content.key.secret_sha256}`
    case 'add_oidc_subject':
      return `let tokens of ${content.subject.subject} by ${content.subject.issuer} be ${id}, ${whois(content.holder)} (${rolesOf(content.holder)})`
  }
}

/** How many of each, most first. */
const counted = (words: readonly string[]): readonly string[] => {
  const all = countsOf(words).map(([word, count]) => `${word} (${count})`)
  return all.length > 5 ? [...all.slice(0, 5), `and ${all.length - 5} more`] : all
}

const batched = ({ lines }: Extract<JobContent, { type: 'RenewalBatch' }>): string =>
  [
    `renew ${lines.length} certificates with the names that they have`,
    `under ${counted(lines.map(({ profile_id }) => profile_id)).join(', ')}`,
    `of ${counted(lines.map(({ owner }) => owner)).join(', ')}`,
  ].join(', ')

/** One line for a person: what this job would do. */
export const summaryOf = (content: JobContent): string => {
  switch (content.type) {
    case 'Issuance':
      return harmless(`issue ${planned(content.plan)}`)
    case 'Renewal':
      return harmless(`renew ${content.certificate_id} as ${planned(content.plan)}`)
    case 'RenewalBatch':
      return harmless(batched(content))
    case 'Revocation':
      return harmless(revoked(content))
    case 'ProfileChange':
      return `${content.operation} profile ${content.profile_id}, made against version ${content.base_version}`
    case 'GrantChange':
      return harmless(granted(content))
    case 'IssuerChange':
      return harmless(issuerSummary(content))
    case 'PrincipalChange':
      return harmless(peopleSummary(content))
    case 'Rebinding': {
      const { certificate_id, from, to } = content
      return `bind ${certificate_id} to version ${to.profile_version} of profile ${to.profile_id} instead of ${from.profile_id}: its next renewal is made under it`
    }
  }
}

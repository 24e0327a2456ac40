import type { ApprovalPolicy } from './approval-policy.ts'
import { digestOf } from './digest.ts'
import type { JobContent } from './job.ts'
import type { ProfileVersion } from './profile.ts'
import { Refusal } from './refusal.ts'
import { routedTo, routedToAll } from './routing.ts'
import { secondsOf } from './time.ts'

/**
 * The rules that bear on a job: the version of the profile it was made under,
 * and the version that is in force now. Null where none is stored.
 */
export type Rules = {
  readonly pinned: ProfileVersion | null
  readonly current: ProfileVersion | null
  /** The versions in force of all the profiles that a job without one of its own bears on. */
  readonly affected?: readonly ProfileVersion[]
}

/** What a job needs before it may be carried out, and the digest of the rules that say so. */
export type Requirement = { readonly policy: ApprovalPolicy; readonly sha256: string }

/** Changes to the rules themselves take one other person, however the profiles are set. */
const rulesPolicy: ApprovalPolicy = {
  quorum: 1,
  order: 'parallel',
  expires_after: 'P7D',
  reason_required: false,
  ticket_required: false,
  remind_after: [],
}

/**
 * The one that asks for most people, the first of several, with whatever any of
 * them requires: stages hold exactly the people that their policy asks for. Null for none.
 */
const strictest = (...policies: readonly ApprovalPolicy[]): ApprovalPolicy | null => {
  const [most] = policies.toSorted((a, b) => b.quorum - a.quorum)
  if (most === undefined) return null
  return {
    ...most,
    reason_required: policies.some(({ reason_required }) => reason_required),
    ticket_required: policies.some(({ ticket_required }) => ticket_required),
  }
}

/** Who a policy asks for, apart from how many. */
const staged = ({ stages, order, escalate_after, escalate_to }: ApprovalPolicy): string | null =>
  stages === undefined
    ? null
    : digestOf({ stages, order, escalate_after: escalate_after ?? null, escalate_to: escalate_to ?? null })

/** Whether whoever satisfies one policy satisfies another as well. */
const covers = (one: ApprovalPolicy, other: ApprovalPolicy): boolean =>
  one.quorum >= other.quorum && [null, staged(one)].includes(staged(other))

/**
 * The one policy that satisfies all of them, decided as soon as the soonest of
 * them wants it. Refuses (`mandate_refused`) policies of which none does: what
 * needs other people is not signed on the word of these.
 */
const common = (policies: readonly ApprovalPolicy[]): ApprovalPolicy | null => {
  const most = policies.find((one) => policies.every((other) => covers(one, other)))
  if (most === undefined && policies.length > 0)
    throw new Refusal('mandate_refused', 'the profiles ask for different people: take each by itself')
  const strict = most === undefined ? null : strictest(most, ...policies)
  const [soonest] = policies.toSorted((a, b) => secondsOf(a.expires_after) - secondsOf(b.expires_after))
  return strict === null || soonest === undefined ? null : { ...strict, expires_after: soonest.expires_after }
}

/** At least one other person, whatever the policies ask for. */
const strictestOfRules = (...policies: readonly ApprovalPolicy[]): ApprovalPolicy =>
  strictest(...policies, rulesPolicy) ?? rulesPolicy

const policyOf = (profile: ProfileVersion | null): readonly ApprovalPolicy[] =>
  profile?.document.requires_approval === true ? [profile.document.approval_policy] : []

/**
 * What a job needs before it may be carried out, or null for nothing. The same
 * function serves when the job is made and, again, at the signer. Whoever
 * could make a profile alone could issue alone: every change of the rules
 * takes a second person. A job under a profile that is not in force is refused.
 */
export const requirementFor = (content: JobContent, rules: Rules): Requirement | null => {
  switch (content.type) {
    case 'Issuance':
    case 'Renewal': {
      const { pinned, current } = rules
      if (pinned === null || current === null || current.status !== 'active')
        throw new Refusal('mandate_refused', `profile ${content.profile_id} is not in force`)
      const policy = strictest(...policyOf(pinned), ...policyOf(current))
      if (policy === null) return null
      const { id, version, document } = pinned
      return { policy: routedTo(policy, content.team), sha256: digestOf({ id, version, document }) }
    }
    case 'RenewalBatch': {
      const seen = content.profiles.map(({ id, version }) => {
        const profile = rules.affected?.find((one) => one.id === id)
        if (profile === undefined || profile.status !== 'active' || profile.version !== version)
          throw new Refusal('mandate_refused', `profile ${id} is not as it was when this was planned`)
        return profile
      })
      const policy = common(seen.flatMap(policyOf))
      if (policy === null) return null
      const profiles = seen.map(({ id, version, document }) => ({ id, version, document }))
      return { policy: routedTo(policy, content.team), sha256: digestOf({ profiles }) }
    }
    case 'GrantChange': {
      const { pinned, current } = rules
      if (pinned === null || current === null || current.status !== 'active')
        throw new Refusal('mandate_refused', `profile ${content.profile_id} is not in force`)
      const { id, version, document } = pinned
      return {
        policy: routedTo(strictestOfRules(document.approval_policy, ...policyOf(current)), content.team),
        sha256: digestOf({ id, version, document }),
      }
    }
    case 'Revocation': {
      const affected = content.profiles.map(({ id }) => rules.affected?.find((profile) => profile.id === id))
      const policies = affected.flatMap((profile) => {
        if (profile === undefined) throw new Refusal('mandate_refused', 'a profile of these is not on record')
        return policyOf(profile)
      })
      const strict = strictest(...policies)
      if (strict === null) return null
      const policy = content.operation === 'bulk' ? routedToAll(strict) : routedTo(strict, content.team)
      return { policy, sha256: digestOf({ profiles: content.profiles }) }
    }
    case 'ProfileChange': {
      return {
        policy: routedToAll(strictestOfRules(...policyOf(rules.current))),
        sha256: digestOf({ profile_id: content.profile_id, base_version: content.base_version, rulesPolicy }),
      }
    }
    case 'IssuerChange':
      return { policy: rulesPolicy, sha256: digestOf(rulesPolicy) }
    case 'Rebinding': {
      const [from, to] = [content.from, content.to].map(({ profile_id }) =>
        rules.affected?.find(({ id }) => id === profile_id),
      )
      if (from === undefined || to === undefined)
        throw new Refusal('mandate_refused', 'a profile of these is not on record')
      if (to.status !== 'active' || to.version !== content.to.profile_version)
        throw new Refusal('mandate_refused', `profile ${to.id} is not as it was when this was asked for`)
      const policy = strictest(...policyOf(from), ...policyOf(to))
      if (policy === null) return null
      const seen = [from, to].map(({ id, version, document }) => ({ id, version, document }))
      return { policy: routedTo(policy, content.team), sha256: digestOf({ seen }) }
    }
    case 'PrincipalChange':
      return {
        policy: rulesPolicy,
        sha256: digestOf({ principal_id: content.principal_id, rulesPolicy }),
      }
  }
}

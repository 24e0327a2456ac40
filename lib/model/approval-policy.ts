import * as z from 'zod'
import { principalId } from './ids.ts'
import { type Principal, roles } from './principal.ts'
import { durationBetween } from './time.ts'

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length

/** Whose approval counts for a stage: whoever any of the lists names. Role `approver` is needed in any case. */
const eligible = z
  .strictObject({
    roles: z.array(z.enum(roles)).min(1).refine(distinct, 'names one twice').optional(),
    principals: z.array(principalId).min(1).max(50).refine(distinct, 'names one twice').optional(),
  })
  .refine((lists) => lists.roles !== undefined || lists.principals !== undefined, 'names nobody')

/** Some of the people who must agree. Nobody counts for two stages. */
export const approvalStage = z.strictObject({
  name: z.string().trim().min(1).max(64),
  quorum: z.int().min(1).max(16),
  eligible,
})

export type ApprovalStage = Readonly<z.infer<typeof approvalStage>>

export const stageOrders = ['ordered', 'parallel'] as const

const total = (stages: readonly ApprovalStage[]): number =>
  stages.reduce((sum, { quorum }) => sum + quorum, 0)

const stages = z
  .array(approvalStage)
  .min(1)
  .max(8)
  .refine((all) => distinct(all.map(({ name }) => name)), 'two stages have one name')
  .refine((all) => total(all) <= 16, 'ask for more than 16 people')

const quorum = z.int().min(1).max(16)
const order = z.enum(stageOrders)
const expires_after = durationBetween('PT15M', 'P90D')
const reason_required = z.boolean()

const policy = z.strictObject({
  quorum,
  stages: stages.optional(),
  /** Whether a stage waits for those before it. */
  order,
  expires_after,
  reason_required,
})

/**
 * How many people must agree, who they may be, and how long they have.
 * `quorum` alone asks for so many approvers; `stages` say who they are, and
 * then `quorum` is their sum.
 */
export const approvalPolicy = z
  .strictObject({
    quorum: quorum.optional(),
    stages: stages.optional(),
    order: order.default('parallel'),
    expires_after: expires_after.default('P7D'),
    reason_required: reason_required.default(false),
  })
  .refine((given) => given.stages === undefined || [undefined, total(given.stages)].includes(given.quorum), {
    path: ['quorum'],
    error: 'is the sum of the stages where there are stages',
  })
  .transform(({ stages: named, quorum: asked = 1, ...rest }) =>
    named === undefined ? { ...rest, quorum: asked } : { ...rest, quorum: total(named), stages: named },
  )
  .pipe(policy)

export type ApprovalPolicy = Readonly<z.infer<typeof policy>>

export type Staging = Pick<ApprovalPolicy, 'quorum' | 'order'> & {
  readonly stages?: readonly ApprovalStage[] | undefined
}

/** The stages of a policy: where it names none, one of anybody who may approve. */
export const stagesOf = ({ quorum, stages }: Staging): readonly ApprovalStage[] =>
  stages ?? [{ name: 'approval', quorum, eligible: { roles: ['approver'] } }]

export const isEligible = (
  who: Pick<Principal, 'id' | 'roles'>,
  { eligible: lists }: ApprovalStage,
): boolean =>
  lists.principals?.includes(who.id) === true ||
  who.roles.some((role) => lists.roles?.includes(role) === true)

type Counted = { readonly by: string; readonly stage: string }

/** How many people each stage still waits for. Whoever is counted twice counts once. */
export const missingOf = (
  staging: Staging,
  approvals: readonly Counted[],
): readonly { readonly stage: ApprovalStage; readonly missing: number }[] => {
  const counted = new Map(approvals.map(({ by, stage }) => [by, stage]))
  return stagesOf(staging).map((stage) => {
    const given = [...counted.values()].filter((name) => name === stage.name).length
    return { stage, missing: Math.max(0, stage.quorum - given) }
  })
}

/** The stage that this person's approval would count for now, or null for none. */
export const stageFor = (
  staging: Staging,
  approvals: readonly Counted[],
  who: Pick<Principal, 'id' | 'roles'>,
): ApprovalStage | null => {
  const open = missingOf(staging, approvals).filter(({ missing }) => missing > 0)
  const reached = staging.order === 'ordered' ? open.slice(0, 1) : open
  return reached.find(({ stage }) => isEligible(who, stage))?.stage ?? null
}

/**
 * The stages that these people could not fill and how many each lacks, each person counting once:
 * a matching of people to places, grown one place at a time.
 */
export const unreachable = (
  staging: Staging,
  people: readonly Pick<Principal, 'id' | 'roles'>[],
): readonly { readonly stage: ApprovalStage; readonly lacks: number }[] => {
  const places = stagesOf(staging).flatMap((stage) => Array.from({ length: stage.quorum }, () => stage))
  const placeOf = new Map<string, number>()
  const seat = (place: number, tried: Set<string>): boolean =>
    people.some((who) => {
      const stage = places[place]
      if (stage === undefined || tried.has(who.id) || !isEligible(who, stage)) return false
      tried.add(who.id)
      const held = placeOf.get(who.id)
      if (held !== undefined && !seat(held, tried)) return false
      placeOf.set(who.id, place)
      return true
    })
  const empty = places.filter((_, place) => !seat(place, new Set()))
  return [...new Set(empty)].map((stage) => ({
    stage,
    lacks: empty.filter((other) => other === stage).length,
  }))
}

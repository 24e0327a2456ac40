import * as z from 'zod'
import { principalId, teamName } from './ids.ts'
import { roles } from './principal.ts'
import { durationBetween } from './time.ts'

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length

/** Whose approval counts for a stage: whoever any of the lists names. Role `approver` is needed in any case. */
const eligible = z
  .strictObject({
    roles: z.array(z.enum(roles)).min(1).refine(distinct, 'names one twice').optional(),
    teams: z.array(teamName).min(1).max(50).refine(distinct, 'names one twice').optional(),
    principals: z.array(principalId).min(1).max(50).refine(distinct, 'names one twice').optional(),
  })
  .refine((lists) => Object.values(lists).some((list) => list !== undefined), 'names nobody')

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

import * as z from 'zod'
import { principalId, teamName } from './ids.ts'
import { roles } from './principal.ts'
import { durationBetween, secondsOf } from './time.ts'

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length

/** Whose approval counts for a stage: whoever any of the lists names. Role `approver` is needed in any case. */
export const eligible = z
  .strictObject({
    roles: z.array(z.enum(roles)).min(1).refine(distinct, 'names one twice').optional(),
    teams: z.array(teamName).min(1).max(50).refine(distinct, 'names one twice').optional(),
    principals: z.array(principalId).min(1).max(50).refine(distinct, 'names one twice').optional(),
    /** The team of the certificate, whichever that is. */
    owner_team: z.literal(true).optional(),
  })
  .refine((lists) => Object.values(lists).some((list) => list !== undefined), 'names nobody')

export type Eligible = Readonly<z.infer<typeof eligible>>

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
const ticket_required = z.boolean()
const someTime = durationBetween('PT1M', 'P90D')

const isAscending = (durations: readonly string[]): boolean =>
  durations.every((one, n) => n === 0 || secondsOf(one) > secondsOf(durations[n - 1] ?? one))

const remind_after = z.array(someTime).max(10).refine(isAscending, 'must ascend')

const policy = z.strictObject({
  quorum,
  stages: stages.optional(),
  /** Whether a stage waits for those before it. */
  order,
  expires_after,
  reason_required,
  /** Whether a request names the ticket that it belongs to. */
  ticket_required,
  /** When those who are still asked are reminded, counted from the request. */
  remind_after,
  /** When more people may approve, and who: as many as before must. */
  escalate_after: someTime.optional(),
  escalate_to: eligible.optional(),
})

type Times = Pick<
  z.infer<typeof policy>,
  'expires_after' | 'remind_after' | 'escalate_after' | 'escalate_to'
> & {
  readonly stages?: readonly ApprovalStage[] | undefined
}

/** What the times of a policy cannot mean together, each with where. */
function* timeComplaints({ expires_after: end, ...times }: Times): Generator<readonly [string, string]> {
  const { remind_after: reminders, escalate_after: after, escalate_to: to } = times
  const isLate = (duration: string): boolean => secondsOf(duration) >= secondsOf(end)
  if (reminders.some(isLate)) yield ['remind_after', 'must be before expires_after']
  if (after !== undefined && isLate(after)) yield ['escalate_after', 'must be before expires_after']
  if (after === undefined && to !== undefined) yield ['escalate_after', 'says when escalate_to may approve']
  if (after !== undefined && to === undefined)
    yield ['escalate_to', 'says who may approve after escalate_after']
  if (to !== undefined && times.stages === undefined)
    yield ['escalate_to', 'adds nobody where every approver may approve: name stages']
}

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
    ticket_required: ticket_required.default(false),
    remind_after: remind_after.default([]),
    escalate_after: someTime.optional(),
    escalate_to: eligible.optional(),
  })
  .refine((given) => given.stages === undefined || [undefined, total(given.stages)].includes(given.quorum), {
    path: ['quorum'],
    error: 'is the sum of the stages where there are stages',
  })
  .superRefine((given, context) => {
    for (const [name, message] of timeComplaints(given))
      context.addIssue({ code: 'custom', path: [name], message })
  })
  .transform(({ stages: named, quorum: asked = 1, ...rest }) =>
    named === undefined ? { ...rest, quorum: asked } : { ...rest, quorum: total(named), stages: named },
  )
  .pipe(policy)

export type ApprovalPolicy = Readonly<z.infer<typeof policy>>

export type Staging = Pick<ApprovalPolicy, 'quorum' | 'order'> & {
  readonly stages?: readonly ApprovalStage[] | undefined
  readonly escalate_to?: Eligible | undefined
}

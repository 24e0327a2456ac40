import type { ApprovalPolicy, ApprovalStage } from '../model/approval-policy.ts'
import type { EventPlace } from '../model/notification.ts'
import type { QueueName } from '../model/queue.ts'

/** Waiting approvals, as executions that a person can watch. */
export type Workflows = {
  /** Once per approval, however often it is called. */
  readonly start: (input: WorkflowInput) => Promise<void>
  /** Wakes the execution; it re-reads the decision itself. `over`: nothing waits on this token any more. */
  readonly wake: (token: string) => Promise<'woken' | 'over'>
}

export type WorkflowInput = {
  readonly approval_id: string
  readonly job_id: string
  readonly job_type: string
  readonly queue: QueueName
  readonly requested_by: string
  readonly requested_by_name: string
  readonly profile_id: string | null
  readonly profile_version: number | null
  readonly summary: string
  readonly digest: string
  readonly owner: string
  readonly reason: string | null
  readonly ticket: string | null
  readonly quorum: number
  readonly stages: readonly ApprovalStage[]
  readonly order: ApprovalPolicy['order']
  readonly votes: readonly Vote[]
  readonly created_at: string
  /** The deadline. */
  readonly expires_at: string
}

/** A word on an approval, as its execution shows it; `for` is there where it was given in somebody's place. */
export type Vote = {
  readonly by: string
  readonly for?: string
  readonly verdict: string
  readonly stage: string | null
  readonly time: string
}

/** Task tokens, kept apart: written by the park function, read by the relay alone. */
export type Tokens = {
  readonly park: (approval_id: string, token: string, keep_until: string) => Promise<void>
}

export type ParkedTokens = {
  readonly take: (approval_id: string) => Promise<string | null>
  readonly drop: (approval_id: string, token: string) => Promise<void>
}

export type Queues = {
  readonly dispatch: (queue: QueueName, job_id: string) => Promise<void>
  /** Everything of an issuer, or only the lists of these shards. */
  readonly publishStatus: (issuer_id: string, shards: readonly number[] | null) => Promise<void>
  /** Has people told of an event, which is read again where it is. */
  readonly notify: (place: EventPlace) => Promise<void>
}

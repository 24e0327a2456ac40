import type { Decision } from '../model/approval.ts'
import type { Effect } from '../model/consequences.ts'
import { approvalIdOf, jobIdOf } from '../model/ids.ts'
import type { JobFile } from '../model/job.ts'
import { harmless, summaryOf } from '../model/summary.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { ParkedTokens, Queues, Vote, WorkflowInput, Workflows } from '../ports/workflow.ts'

export type FollowDeps = {
  readonly jobs: Pick<Jobs, 'load'>
  readonly tokens: ParkedTokens
  readonly workflows: Workflows
  readonly queues: Queues
}

const requesterName = (file: JobFile): string => {
  const name = file.events.find(({ type }) => type === 'approval_requested')?.details.requested_by_name
  return typeof name === 'string' ? name : file.job.requested_by
}

const voteOf = ({ by, for: stoodFor, verdict, stage, time }: Decision): Vote => ({
  by,
  ...(stoodFor === null ? {} : { for: stoodFor.id }),
  verdict,
  stage,
  time,
})

/**
 * Every approval has its execution, however soon it was decided: an approved
 * job is dispatched by it, and a rejected one is seen to have ended. Null for a
 * job that needs no approval, and for one that nobody decides on.
 */
const inputOf = (file: JobFile): WorkflowInput | null => {
  const { job } = file
  if (job.approval === null || file.events.some(({ type }) => type === 'approval_bypassed')) return null
  const { quorum, stages, order, decisions, created_at, expires_at } = job.approval
  return {
    approval_id: approvalIdOf(job.id),
    job_id: job.id,
    job_type: job.type,
    queue: job.queue,
    requested_by: job.requested_by,
    requested_by_name: requesterName(file),
    profile_id: job.profile_id,
    profile_version: job.profile_version,
    summary: summaryOf(file.content),
    digest: job.digest,
    owner: harmless(job.owner),
    reason: job.reason === null ? null : harmless(job.reason),
    ticket: job.ticket,
    quorum,
    stages,
    order,
    votes: decisions.map(voteOf),
    created_at,
    expires_at,
  }
}

const start = async (deps: FollowDeps, job_id: string): Promise<void> => {
  const file = await deps.jobs.load(job_id)
  if (file === null || 'unreadable' in file) return
  const input = inputOf(file)
  if (input !== null) await deps.workflows.start(input)
}

/**
 * Wakes the execution of a decided approval. The token only wakes: what was
 * decided is read from the table by the execution itself. Without a token
 * there is nothing to do: whoever parks it comes second, and finds the decision.
 */
const resume = async (deps: FollowDeps, approval_id: string): Promise<void> => {
  const token = await deps.tokens.take(approval_id)
  if (token === null) return
  await deps.workflows.wake(token)
  await deps.tokens.drop(approval_id, token)
}

/** Carries out one consequence. Each may be carried out twice without harm. */
export const follow = async (deps: FollowDeps, effect: Effect): Promise<void> => {
  switch (effect.effect) {
    case 'start_workflow':
      return start(deps, effect.job_id)
    case 'resume_workflow':
      return resume(deps, effect.approval_id)
    case 'dispatch':
      return deps.queues.dispatch(effect.queue, effect.job_id)
    case 'publish_status':
      return deps.queues.publishStatus(effect.issuer_id, effect.shards)
    case 'notify':
      return deps.queues.notify({ chain: effect.chain, sequence: effect.sequence })
  }
}

/** A token was parked: if the decision came first, nobody else will wake this execution. */
export const followParkedToken = async (deps: FollowDeps, approval_id: string): Promise<void> => {
  const file = await deps.jobs.load(jobIdOf(approval_id))
  if (file === null || 'unreadable' in file) return
  if (file.job.approval !== null && file.job.approval.state !== 'pending') await resume(deps, approval_id)
}

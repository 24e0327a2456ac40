import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { approvalRow, certificateView, jobView } from '../../lib/http/views.ts'
import { Unexpected } from './unexpected.ts'

export type Answer = { readonly status: number; readonly text: string; readonly json: unknown }

export type Api = {
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** The parsed body of an answer with this status; anything else is unexpected. */
  readonly expect: <T>(schema: z.ZodType<T>, status: number, call: Promise<Answer>) => Promise<T>
  readonly get: (path: string) => Promise<Answer>
  readonly post: (path: string, body?: unknown) => Promise<Answer>
}

/** The HTTP API as one principal sees it. */
export function apiFor(api_url: string, api_key: string): Api {
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${api_url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api_key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, json: parsed(text) }
  }
  return {
    call,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    expect: async (schema, status, pending) => {
      const answer = await pending
      if (answer.status !== status) throw new Unexpected(`HTTP ${status}`, `${answer.status} ${answer.text}`)
      return schema.parse(answer.json)
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export const changed = z.object({
  job: z.object(jobView.shape),
  approval: z.object(approvalRow.shape).nullable(),
})

export const requested = changed.extend({ certificate: z.object(certificateView.shape) })

type JobView = z.infer<typeof changed>['job']

const over: readonly string[] = ['Completed', 'Failed', 'Cancelled']

/** The job once it is over. */
export async function jobOver(api: Api, id: string): Promise<JobView> {
  return eventually(`job ${id} over within 60 s`, async () => {
    const job = await api.expect(changed.shape.job, 200, api.get(`/jobs/${id}`))
    return over.includes(job.status) ? { found: job } : { seen: job.status }
  })
}

export async function jobCompleted(api: Api, id: string): Promise<JobView> {
  const job = await jobOver(api, id)
  if (job.status !== 'Completed')
    throw new Unexpected(`job ${id} Completed`, `${job.status}: ${job.error_message}`)
  return job
}

type Look<T> = { readonly found: T } | { readonly seen: string }

/** Looks again and again until there is something to find, for at most a minute unless it is told otherwise. */
export async function eventually<T>(
  expected: string,
  look: () => Promise<Look<T>>,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const outcome = await look()
    if ('found' in outcome) return outcome.found
    if (Date.now() > end) throw new Unexpected(expected, outcome.seen)
    await pause(100)
  }
}

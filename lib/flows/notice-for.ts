import type { Event } from '../model/event.ts'
import type { JobFile } from '../model/job.ts'
import { type Notice, noticeOf } from '../model/notice.ts'
import type { Principal } from '../model/principal.ts'
import type { Telling } from '../model/telling.ts'
import type { Jobs, Principals } from '../ports.ts'

export type NoticeDeps = {
  readonly jobs: Pick<Jobs, 'load'>
  readonly principals: Pick<Principals, 'list'>
  /** Of the console or the API: where links lead. */
  readonly url: string
}

const everybody = async (principals: NoticeDeps['principals']): Promise<readonly Principal[]> => {
  const all: Principal[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Principals['list']>> = await principals.list({ limit: 200, after })
    all.push(...page.rows)
    after = page.next
  } while (after !== null)
  return all
}

/** The job of an event; null where there is none, or none that can be read: then the event speaks for itself. */
const fileOf = async ({ jobs }: NoticeDeps, { job }: Event): Promise<JobFile | null> => {
  const file = job === null ? null : await jobs.load(job.id)
  return file === null || 'unreadable' in file ? null : file
}

/** What people are told of an event, with what is known of its job and of people now. */
export const noticeFor = async (deps: NoticeDeps, event: Event, telling: Telling): Promise<Notice> => {
  const [file, people] = await Promise.all([fileOf(deps, event), everybody(deps.principals)])
  return noticeOf({ event, telling, file, people, url: deps.url })
}

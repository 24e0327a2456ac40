import type { Event } from '../model/event.ts'
import type { JobFile } from '../model/job.ts'
import { type Notice, noticeOf } from '../model/notice.ts'
import type { Telling } from '../model/telling.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Principals } from '../ports/principals.ts'
import { everybody } from './reachable.ts'

export type NoticeDeps = {
  readonly jobs: Pick<Jobs, 'load'>
  readonly certificates: Pick<Certificates, 'get'>
  readonly principals: Pick<Principals, 'list'>
  /** Of the console or the API: where links lead. */
  readonly url: string
}

/** The job that an event is of, or that it names; null where there is none, or none that can be read. */
const fileOf = async ({ jobs }: NoticeDeps, { job, details }: Event): Promise<JobFile | null> => {
  const id = job?.id ?? details.job_id
  const file = typeof id === 'string' ? await jobs.load(id) : null
  return file === null || 'unreadable' in file ? null : file
}

/** What people are told of an event, with what is known of its job, its certificate and people now. */
export const noticeFor = async (deps: NoticeDeps, event: Event, telling: Telling): Promise<Notice> => {
  const { resource } = event
  const [file, certificate, people] = await Promise.all([
    fileOf(deps, event),
    resource.startsWith('mc-') ? deps.certificates.get(resource) : null,
    everybody(deps.principals),
  ])
  return noticeOf({ event, telling, file, certificate, people, url: deps.url })
}

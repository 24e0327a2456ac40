import { type Difference, differences } from '../model/difference.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import type { ProfileDocument } from '../model/profile.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Profiles } from '../ports/rules.ts'

export type ShowApprovalDeps = {
  readonly jobs: Pick<Jobs, 'load'>
  readonly certificates: Pick<Certificates, 'load'>
  readonly profiles: Pick<Profiles, 'rules'>
}

const documentOf = async (
  deps: ShowApprovalDeps,
  { profile_id, profile_version }: { readonly profile_id: string; readonly profile_version: number },
): Promise<ProfileDocument | null> =>
  (await deps.profiles.rules(profile_id, profile_version)).pinned?.document ?? null

/** What a job would replace, in the shape of what it would bring; null where it replaces nothing. */
const replaced = async (deps: ShowApprovalDeps, content: JobContent): Promise<unknown> => {
  if (content.type === 'Renewal') {
    const found = await deps.certificates.load(content.certificate_id)
    const version = found?.versions.find(({ number }) => number === content.replaces)
    const maker = version === undefined ? null : await deps.jobs.load(version.job_id)
    return maker !== null && 'content' in maker && 'plan' in maker.content ? maker.content.plan : null
  }
  if (content.type === 'Rebinding') return documentOf(deps, content.from)
  if (content.type === 'PrincipalChange') return content.operation === 'change' ? content.before : null
  if (content.type === 'ProfileChange' && content.base_version > 0) {
    const { pinned } = await deps.profiles.rules(content.profile_id, content.base_version)
    return pinned?.document ?? null
  }
  return null
}

/** Field by field, what would be other than in the version it replaces; null where it replaces nothing. */
export const differenceFrom = async (
  deps: ShowApprovalDeps,
  { content }: JobFile,
): Promise<readonly Difference[] | null> => {
  const before = await replaced(deps, content)
  if (before === null) return null
  if (content.type === 'ProfileChange')
    return content.operation === 'delete' ? differences(before, null) : differences(before, content.document)
  if (content.type === 'Rebinding') return differences(before, await documentOf(deps, content.to))
  if ('plan' in content) return differences(before, content.plan)
  return 'document' in content ? differences(before, content.document) : null
}

import type { Mandate } from '../model/gate.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { carryOut, type Result } from './carry-out.ts'
import { collect, takeBack } from './collect-certificate.ts'
import { checkRenewable, failFinal, signingIssuer } from './issue-certificate.ts'
import { type Leaf, type OrderDeps, order, orderIn } from './order-certificate.ts'
import { checkPlan } from './rebuild-plan.ts'
import { type RevokeAtAuthorityDeps, revokeAtAuthority } from './revoke-at-authority.ts'

export type AuthorityDeps = OrderDeps & RevokeAtAuthorityDeps

const allowed = async (deps: AuthorityDeps, file: JobFile, content: Leaf, rules: Rules): Promise<Issuer> => {
  checkPlan(content, rules.pinned, deps.status_url)
  const issuer = await signingIssuer(deps, content)
  if (issuer === null) throw new Refusal('issuer_inactive', 'no issuer')
  await checkRenewable(deps, content, file.issuance)
  return issuer
}

const issue = async (deps: AuthorityDeps, { file }: Mandate, rules: Rules): Promise<Result> => {
  const { content, job } = file
  if (content.type === 'Revocation' && job.queue === 'acm-pca') return revokeAtAuthority(deps, file, content)
  if (!('csr' in content) || content.plan.issuer.type !== 'acm-pca')
    throw new Refusal(
      'mandate_refused',
      'AWS Private CA is asked for end-entity certificates of its own alone, and to revoke them',
    )
  const issuer = await allowed(deps, file, content, rules).catch((error: unknown) => {
    if (error instanceof Refusal) return error
    throw error
  })
  if (issuer instanceof Refusal) return takeBack(deps, file, content, issuer)
  const known = orderIn(file) === null ? await order(deps, file, content, issuer) : file
  const document = rules.current?.document ?? null
  return typeof known === 'string' ? known : collect(deps, known, content, { issuer, document })
}

/**
 * Issues by AWS Private CA: mandate, plan on record, one order, and then a
 * look whenever the job is delivered, until the certificate is there. It is
 * compared with the plan before it counts. Revokes there what was revoked here.
 */
export const issueByAuthority = (deps: AuthorityDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate, rules) => failFinal(deps, job_id, () => issue(deps, mandate, rules)))

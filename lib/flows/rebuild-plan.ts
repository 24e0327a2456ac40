import { digestOf } from '../model/digest.ts'
import type { JobContent } from '../model/job.ts'
import type { CertificatePlan } from '../model/plan.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { readCsr } from '../pki/csr.ts'
import { checkRequest } from './check-request.ts'
import { planLeaf } from './plan-certificate.ts'

type Leaf = Extract<JobContent, { type: 'Issuance' | 'Renewal' }>

/** Twenty octets of which the first is 0x40–0x7f: the only serials that are ever planned. */
const ownSerial = /^[4-7][0-9a-f]{39}$/

const made = (content: Leaf, profile: ProfileVersion, status_url: string): CertificatePlan => {
  const { document, issuer } = profile
  const csr = readCsr(Buffer.from(content.csr, 'base64'))
  const { serial, validity } = content.plan
  const plan = planLeaf({ csr, document, issuer, lifetime: validity.lifetime_seconds }, status_url, serial)
  checkRequest({ csr, plan, document })
  return plan
}

const refused = (detail: string) => new Refusal('mandate_refused', detail)

/**
 * Makes the plan of a certificate once more, from the stored request and the
 * version of the profile that it was made under, and refuses
 * (`mandate_refused`) a stored plan that is not the same. So nothing can be
 * signed that no request asks for and no profile allows, whoever wrote the job.
 */
export const checkPlan = (content: Leaf, profile: ProfileVersion | null, status_url: string): void => {
  if (profile === null || profile.id !== content.profile_id || profile.version !== content.profile_version)
    throw refused('the profile that this was planned under is not there')
  if (!ownSerial.test(content.plan.serial)) throw refused('the serial number is none of ours')
  try {
    const plan = made(content, profile, status_url)
    if (digestOf(plan) !== digestOf(content.plan))
      throw refused('the plan is not what the request and its profile make')
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'mandate_refused')
      throw refused(`the request does not stand under its profile: ${error.message}`)
    throw error
  }
}

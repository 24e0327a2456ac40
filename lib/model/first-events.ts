import type { EventType } from './event.ts'
import type { JobContent } from './job.ts'

/** What the first event of a job is, by what it does. */
export const requested: Readonly<Record<JobContent['type'], EventType>> = {
  Issuance: 'certificate_requested',
  Renewal: 'renewal_requested',
  RenewalBatch: 'renewal_batch_requested',
  Revocation: 'revocation_requested',
  ProfileChange: 'profile_change_requested',
  IssuerChange: 'issuer_change_requested',
  GrantChange: 'grant_requested',
  PrincipalChange: 'principal_change_requested',
  Rebinding: 'rebinding_requested',
}

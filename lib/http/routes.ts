import type { Operation } from './operation.ts'
import { about } from './operations/about.ts'
import { approvals } from './operations/approvals.ts'
import { audit } from './operations/audit.ts'
import { certificates } from './operations/certificates.ts'
import { credentials } from './operations/credentials.ts'
import { delegations } from './operations/delegations.ts'
import { grants } from './operations/grants.ts'
import { issuers } from './operations/issuers.ts'
import { jobs } from './operations/jobs.ts'
import { principals } from './operations/principals.ts'
import { profiles } from './operations/profiles.ts'
import { renewals } from './operations/renewals.ts'
import { revocations } from './operations/revocations.ts'

/**
 * The API as data. One row drives the gateway's routes, the reading of
 * requests, who may ask, and the OpenAPI document.
 */
export const operations = {
  ...certificates,
  ...renewals,
  ...grants,
  ...revocations,
  ...jobs,
  ...approvals,
  ...profiles,
  ...issuers,
  ...audit,
  ...principals,
  ...credentials,
  ...delegations,
  ...about,
} as const

export type OperationId = keyof typeof operations

/** The rows as a list, each with its name. */
export const routes = Object.entries(operations).map(([operation_id, operation]) => ({
  operation_id,
  ...(operation as Operation),
}))

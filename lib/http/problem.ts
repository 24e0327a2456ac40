import type { Refusal, RefusalCode, Violation } from '../model/refusal.ts'

/** HTTP status and title of every refusal: complete by type. */
const table: Readonly<Record<RefusalCode, readonly [status: number, title: string]>> = {
  invalid_body: [400, 'The body is not as the operation asks'],
  invalid_query: [400, 'The query is not as the operation asks'],
  invalid_path: [400, 'The path is not as the operation asks'],
  invalid_header: [400, 'A header is not as the operation asks'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body is not application/json'],
  not_found: [404, 'There is no such thing'],
  method_not_allowed: [405, 'The path does not have this method'],
  precondition_failed: [412, 'It is not the version that If-Match names'],
  too_many_requests: [429, 'Too many requests'],
  unauthenticated: [401, 'No valid credential'],
  forbidden: [403, 'Not allowed'],
  csr_malformed: [400, 'The CSR cannot be read'],
  csr_too_large: [413, 'The CSR is too large'],
  csr_signature_invalid: [400, 'The CSR does not prove possession of its key'],
  csr_key_refused: [400, 'The key of the CSR is refused'],
  profile_violation: [422, 'The profile does not allow this'],
  profile_invalid: [422, 'The profile is not valid'],
  issuer_invalid: [422, 'The issuer is not valid'],
  issuer_inactive: [409, 'The issuer does not issue'],
  certificate_not_renewable: [409, 'The certificate cannot be renewed'],
  certificate_not_revocable: [409, 'The certificate cannot be revoked'],
  certificate_not_rebindable: [409, 'The certificate cannot be bound to this profile'],
  two_person_integrity: [403, 'Two-person integrity'],
  approval_decided: [409, 'The approval is decided'],
  approval_expired: [409, 'The approval has expired'],
  no_approver: [422, 'Nobody could approve this'],
  job_not_cancellable: [409, 'The job cannot be cancelled'],
  mandate_refused: [409, 'There is no mandate'],
  principal_disabled: [409, 'The principal is disabled'],
  too_many_keys: [409, 'The principal has too many keys'],
  conflict: [409, 'Somebody else was faster'],
  version_conflict: [409, 'The rules have changed meanwhile'],
  idempotency_conflict: [409, 'The Idempotency-Key was used for another request'],
  already_exists: [409, 'It exists already'],
  plan_mismatch: [500, 'What was made is not what was planned'],
  lint_failed: [422, 'The certificate would break a rule'],
  ocsp_malformed: [400, 'The OCSP request cannot be read'],
  ocsp_unauthorized: [400, 'This responder does not answer for that'],
}

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly instance: string
  readonly violations?: readonly Violation[]
}

/** An RFC 9457 problem document; `instance` is the id of the request, to be found in the logs. */
export const problemOf = (refusal: Refusal, instance: string): Problem => {
  const [status, title] = table[refusal.code]
  const problem = {
    type: `urn:countersign:problem:${refusal.code}`,
    title,
    status,
    code: refusal.code,
    detail: refusal.message,
    instance,
  }
  return refusal.violations.length === 0 ? problem : { ...problem, violations: refusal.violations }
}

/** A fault says nothing of itself to whoever asked. */
export const faultProblem = (instance: string): Problem => ({
  type: 'urn:countersign:problem:internal_error',
  title: 'Something failed on our side',
  status: 500,
  code: 'internal_error',
  detail: 'The request was not carried out because of a fault on our side; it may be tried again.',
  instance,
})

/** What a status means wherever it is answered. */
export const statusOf: Readonly<Record<number, string>> = {
  400: 'The request is not as the operation asks',
  401: 'No valid credential',
  403: 'Not allowed',
  404: 'There is no such thing',
  409: 'The state of the world does not allow it',
  412: 'It is not the version that If-Match names',
  413: 'The body is too large',
  415: 'The body is not application/json',
  422: 'A rule does not allow it',
  429: 'Too many requests; see Retry-After',
  500: 'Something failed on our side',
}

/** Every code with its status and title. */
export const problemCodes = Object.entries(table).map(([code, [status, title]]) => ({ code, status, title }))

/**
 * Every rule that can say no, by its stable code. The code is part of the API
 * (`code` of an RFC 9457 problem document) and never changes its meaning.
 */
export const refusalCodes = [
  // the request itself
  'invalid_body',
  'invalid_query',
  'invalid_path',
  'invalid_header',
  'body_too_large',
  'unsupported_media_type',
  'not_found',
  'method_not_allowed',
  'precondition_failed',
  'too_many_requests',
  // who asks
  'unauthenticated',
  'forbidden',
  // what is asked for
  'csr_malformed',
  'csr_too_large',
  'csr_signature_invalid',
  'csr_key_refused',
  'profile_violation',
  'profile_invalid',
  'issuer_invalid',
  'issuer_inactive',
  'certificate_not_renewable',
  'certificate_not_revocable',
  'certificate_not_rebindable',
  // the rules of the gate
  'two_person_integrity',
  'approval_decided',
  'approval_expired',
  'no_approver',
  'job_not_cancellable',
  'mandate_refused',
  // principals and their credentials
  'principal_disabled',
  'too_many_keys',
  // the state of the world
  'conflict',
  'version_conflict',
  'idempotency_conflict',
  'already_exists',
  // what was made is not what was planned
  'plan_mismatch',
  'lint_failed',
  // relying parties
  'ocsp_malformed',
  'ocsp_unauthorized',
] as const

export type RefusalCode = (typeof refusalCodes)[number]

/** One complaint about one place of an input; `pointer` is an RFC 6901 JSON pointer. */
export type Violation = { readonly pointer: string; readonly detail: string }

/**
 * A rule saying no: final, and fit to be shown to whoever asked. Anything else
 * that is thrown is a fault: hidden from callers, retried, dead-lettered.
 */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly violations: readonly Violation[]

  constructor(code: RefusalCode, detail: string, violations: readonly Violation[] = []) {
    super(detail)
    this.name = 'Refusal'
    this.code = code
    this.violations = violations
  }
}

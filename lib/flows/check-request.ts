import type { AttributeType } from '../model/names.ts'
import type { CertificatePlan } from '../model/plan.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import { secondsOf } from '../model/time.ts'
import type { Csr } from '../pki/csr.ts'
import { extensionIds } from '../pki/extensions.ts'
import { planViolations } from '../pki/lint-plan.ts'
import { isAmbiguousSpiffe, nameComplaint } from './name-rules.ts'

/** What is asked for, and what would be made of it. */
type Checked = { readonly csr: Csr; readonly plan: CertificatePlan; readonly document: ProfileDocument }

/** Attributes that a name may have more than once. */
const repeatable: ReadonlySet<AttributeType> = new Set(['OU', 'DC'])

function* subjectComplaints({ csr, document }: Checked): Generator<Violation> {
  const { allowed, fixed, common_name } = document.subject
  const seen = new Set<AttributeType>()
  for (const [index, { type, value }] of csr.subject.entries()) {
    const pointer = `/csr/subject/${index}`
    if (fixed[type] === undefined && !allowed.includes(type))
      yield { pointer, detail: `subject attribute ${type} is not allowed` }
    if (fixed[type] !== undefined && value !== fixed[type])
      yield { pointer, detail: `subject attribute ${type} is not ${JSON.stringify(fixed[type])}` }
    if (seen.has(type) && !repeatable.has(type))
      yield { pointer, detail: `subject attribute ${type} is there twice` }
    seen.add(type)
    const isName = csr.subject_alternative_names.some((name) => name.value === value.toLowerCase())
    if (type === 'CN' && common_name === 'subject_alternative_name' && !isName)
      yield { pointer, detail: `common name ${value} is not among the subject alternative names` }
  }
  for (const [type, value] of Object.entries(fixed))
    if (!csr.subject.some((attribute) => attribute.type === type))
      yield { pointer: '/csr/subject', detail: `subject attribute ${type}=${value} is missing` }
}

function* nameComplaints({ csr, document }: Checked): Generator<Violation> {
  const rules = document.subject_alternative_names
  const names = csr.subject_alternative_names
  const pointer = '/csr/subject_alternative_names'
  if (names.length === 0) yield { pointer, detail: 'there is no subject alternative name' }
  if (names.length > rules.max_names)
    yield { pointer, detail: `${names.length} names are more than ${rules.max_names}` }
  if (isAmbiguousSpiffe(names)) yield { pointer, detail: 'a SPIFFE ID is the only URI of its certificate' }
  for (const [index, name] of names.entries()) {
    const complaint = nameComplaint(name, rules)
    if (complaint !== null)
      yield { pointer: `${pointer}/${index}`, detail: `${name.type}:${name.value}: ${complaint}` }
  }
}

/** Extensions that a request may name, because the plan is held against what they ask for. */
const understood: ReadonlySet<string> = new Set([
  extensionIds.basic_constraints,
  extensionIds.key_usage,
  extensionIds.extended_key_usage,
  extensionIds.tls_feature,
])

/** Whatever a request asks for is granted or refused; nothing is left out in silence. */
function* extensionComplaints({ csr, plan }: Checked): Generator<Violation> {
  if (csr.requests_ca) yield { pointer: '/csr/requested_extensions', detail: 'a CA certificate is asked for' }
  for (const [index, id] of csr.requested_extensions.entries())
    if (!understood.has(id))
      yield { pointer: `/csr/requested_extensions/${index}`, detail: `extension ${id} is asked for` }
  for (const usage of csr.requested_key_usage)
    if (!plan.key_usage.includes(usage))
      yield { pointer: '/csr/requested_key_usage', detail: `key usage ${usage} is not granted` }
  for (const purpose of csr.requested_purposes)
    if (!plan.extended_key_usage.some((granted) => granted === purpose))
      yield { pointer: '/csr/requested_purposes', detail: `purpose ${purpose} is not granted` }
  for (const feature of csr.requested_tls_features)
    if (feature !== 5 || !plan.must_staple)
      yield { pointer: '/csr/requested_tls_features', detail: `TLS feature ${feature} is not granted` }
}

function* complaints(checked: Checked): Generator<Violation> {
  const { csr, plan, document } = checked
  const { algorithm } = csr.public_key
  if (!document.key_algorithms.includes(algorithm)) {
    const detail = `key ${algorithm} is none of ${document.key_algorithms.join(', ')}`
    yield { pointer: '/csr/public_key', detail }
  }
  yield* subjectComplaints(checked)
  yield* nameComplaints(checked)
  yield* extensionComplaints(checked)
  if (plan.validity.lifetime_seconds > secondsOf(document.validity.max))
    yield { pointer: '/lifetime', detail: `longer than ${document.validity.max}` }
  // What no certificate may say, whatever its profile: the name constraints of the CAs above, for one.
  for (const { pointer, detail } of planViolations(plan)) yield { pointer: `/csr${pointer}`, detail }
}

/**
 * All that a profile has against a request, at once (`profile_violation`), by
 * JSON pointer into the request with its CSR decoded. Nothing is altered or
 * dropped: what is not allowed is refused.
 */
export const checkRequest = (checked: Checked): void => {
  const violations = [...complaints(checked)]
  if (violations.length > 0)
    throw new Refusal('profile_violation', violations.map(({ detail }) => detail).join('; '), violations)
}

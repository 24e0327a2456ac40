import {
  type AdministerDeps,
  administer,
  type JobProposal,
  type PrincipalProposal,
} from '../flows/administer.ts'
import { changePrincipal } from '../flows/change-principal.ts'
import { type NewApiKey, proposeApiKey } from '../flows/create-api-key.ts'
import { proposePrincipal } from '../flows/create-principal.ts'
import { endDelegation, giveDelegation } from '../flows/delegate.ts'
import { demandDeciders } from '../flows/demand-deciders.ts'
import { addSubject, disableSubject } from '../flows/map-subject.ts'
import { disableApiKey, rotateApiKey } from '../flows/replace-api-key.ts'
import { type Gated, openPrincipalChange } from '../flows/request-principal-change.ts'
import type { Answers } from '../http/call.ts'
import {
  viewApiKey,
  viewApproval,
  viewDelegation,
  viewJob,
  viewOidcSubject,
  viewPrincipal,
} from '../http/views.ts'
import { bypassed } from '../model/bypass.ts'
import { actorOf } from '../model/decide.ts'
import type { Envelope } from '../model/envelope.ts'
import type { Principal } from '../model/principal.ts'
import { askedBy } from './asked.ts'

type Given = Parameters<typeof askedBy>[1]

type Stepped = Pick<PrincipalProposal, 'change'>

/** A token is in the answer, so the answer is kept where only the same credential can read it. */
const shownOnce = ({ key, token }: NewApiKey): PrincipalProposal['answer'] => ({
  status: 201,
  body: { ...viewApiKey(key, null), token },
})

/** Every operation that changes who may do what. */
export const administerApi = (deps: AdministerDeps): Answers<'administer'> => {
  /** What takes a second person is answered as every job is: 202, with its approval. */
  const asked = async (by: Principal, gated: Gated): Promise<JobProposal> => {
    const opened = openPrincipalChange(deps, by, gated)
    const { job, ...change } = deps.bypass === null ? opened : bypassed(opened, deps.bypass, deps.now())
    await demandDeciders(deps.principals, job)
    const { gated: content } = gated
    const about =
      'base_version' in content ? { id: content.principal_id, version: content.base_version } : null
    const body = { job: viewJob(job), approval: viewApproval(job) }
    return { opened: { ...change, job }, about, answer: { status: 202, body } }
  }
  const step = <Made extends Stepped>(
    operation: string,
    call: Given & { readonly envelope?: Envelope },
    propose: () => Promise<Gated | Made>,
    show: (made: Made) => PrincipalProposal['answer'],
  ) =>
    administer(deps, { ...askedBy(operation, call), envelope: call.envelope ?? null }, async () => {
      const made = await propose()
      if ('gated' in made) return asked(call.principal, made)
      return { change: made.change, answer: show(made) }
    })
  const plain = ({ principal, params, body, idempotency_key }: Given): Given => ({
    principal,
    params,
    body,
    idempotency_key,
  })
  return {
    createPrincipal: (call) =>
      step(
        'createPrincipal',
        plain(call),
        () => proposePrincipal(deps, actorOf(call.principal), call.body),
        ({ principal }) => ({ status: 201, body: viewPrincipal(principal) }),
      ),
    changePrincipal: (call) => {
      const { reason = null, ...document } = call.body
      const edit = { ...document, reason, id: call.params.id, if_match: call.if_match }
      return step(
        'changePrincipal',
        plain(call),
        () => changePrincipal(deps, call.principal, edit),
        ({ principal }) => ({ status: 200, body: viewPrincipal(principal) }),
      )
    },
    createApiKey: (call) => {
      const { expires_at, secret_sha256, reason = null } = call.body
      const wanted = { principal_id: call.params.id, expires_at, secret_sha256, reason }
      return step('createApiKey', call, () => proposeApiKey(deps, actorOf(call.principal), wanted), shownOnce)
    },
    rotateApiKey: (call) => {
      const { overlap, expires_at, secret_sha256, reason = null } = call.body
      const name = { principal_id: call.params.id, key_id: call.params.key }
      const rotation = { ...name, overlap, expires_at, secret_sha256, reason }
      return step('rotateApiKey', call, () => rotateApiKey(deps, call.principal, rotation), shownOnce)
    },
    disableApiKey: (call) =>
      step(
        'disableApiKey',
        plain(call),
        () => disableApiKey(deps, call.principal, { principal_id: call.params.id, key_id: call.params.key }),
        ({ key }) => ({ status: 200, body: viewApiKey(key, null) }),
      ),
    addOidcSubject: (call) => {
      const { reason = null, ...subject } = call.body
      const request = { ...subject, reason, principal_id: call.params.id }
      return step(
        'addOidcSubject',
        plain(call),
        () => addSubject(deps, call.principal, request),
        (made) => ({ status: 201, body: viewOidcSubject(made.subject, null) }),
      )
    },
    giveDelegation: (call) =>
      step(
        'giveDelegation',
        plain(call),
        () => giveDelegation(deps, call.principal, { principal_id: call.params.id, ...call.body }),
        ({ delegation }) => ({ status: 201, body: viewDelegation(delegation) }),
      ),
    endDelegation: (call) =>
      step(
        'endDelegation',
        plain(call),
        () =>
          endDelegation(deps, call.principal, {
            principal_id: call.params.id,
            delegation_id: call.params.delegation,
          }),
        ({ delegation }) => ({ status: 200, body: viewDelegation(delegation) }),
      ),
    disableOidcSubject: (call) =>
      step(
        'disableOidcSubject',
        plain(call),
        () =>
          disableSubject(deps, call.principal, {
            principal_id: call.params.id,
            subject_id: call.params.subject,
          }),
        ({ subject }) => ({ status: 200, body: viewOidcSubject(subject, null) }),
      ),
  }
}

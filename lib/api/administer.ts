import { type AdministerDeps, administer, type PrincipalProposal } from '../flows/administer.ts'
import { changePrincipal } from '../flows/change-principal.ts'
import { type NewApiKey, proposeApiKey } from '../flows/create-api-key.ts'
import { newPrincipal } from '../flows/create-principal.ts'
import { addSubject, disableSubject } from '../flows/map-subject.ts'
import { disableApiKey, rotateApiKey } from '../flows/replace-api-key.ts'
import type { Answers } from '../http/call.ts'
import { viewApiKey, viewOidcSubject, viewPrincipal } from '../http/views.ts'
import { actorOf } from '../model/decide.ts'
import type { Envelope } from '../model/envelope.ts'
import { Refusal } from '../model/refusal.ts'
import { askedBy } from './asked.ts'

type Given = Parameters<typeof askedBy>[1]

/** A token is in the answer, so the answer is kept where only the same credential can read it. */
const shownOnce = ({ key, token, change }: NewApiKey): PrincipalProposal => ({
  change,
  answer: { status: 201, body: { ...viewApiKey(key, null), token } },
})

/** Every operation that changes who may do what. */
export const administerApi = (deps: AdministerDeps): Answers<'administer'> => {
  const step = (operation: string, call: Given, propose: () => Promise<PrincipalProposal>) =>
    administer(deps, askedBy(operation, call), propose)
  const secretStep = (
    operation: string,
    call: Given & { readonly envelope: Envelope },
    propose: () => Promise<NewApiKey>,
  ) =>
    administer(deps, { ...askedBy(operation, call), envelope: call.envelope }, async () =>
      shownOnce(await propose()),
    )
  return {
    createPrincipal: (call) =>
      step('createPrincipal', call, async () => {
        const { id } = call.body
        if (id !== undefined && (await deps.principals.get(id)) !== null)
          throw new Refusal('already_exists', `principal ${id} exists already`)
        const { principal, change } = newPrincipal(deps, actorOf(call.principal), call.body)
        return { change, answer: { status: 201, body: viewPrincipal(principal) } }
      }),
    changePrincipal: (call) =>
      step('changePrincipal', call, async () => {
        const edit = { ...call.body, id: call.params.id, if_match: call.if_match }
        const { principal, change } = await changePrincipal(deps, call.principal, edit)
        return { change, answer: { status: 200, body: viewPrincipal(principal) } }
      }),
    createApiKey: (call) =>
      secretStep('createApiKey', call, () =>
        proposeApiKey(deps, actorOf(call.principal), {
          principal_id: call.params.id,
          expires_at: call.body.expires_at,
        }),
      ),
    rotateApiKey: (call) =>
      secretStep('rotateApiKey', call, () =>
        rotateApiKey(deps, call.principal, {
          principal_id: call.params.id,
          key_id: call.params.key,
          ...call.body,
        }),
      ),
    disableApiKey: (call) =>
      step('disableApiKey', call, async () => {
        const name = { principal_id: call.params.id, key_id: call.params.key }
        const { key, change } = await disableApiKey(deps, call.principal, name)
        return { change, answer: { status: 200, body: viewApiKey(key, null) } }
      }),
    addOidcSubject: (call) =>
      step('addOidcSubject', call, async () => {
        const request = { principal_id: call.params.id, ...call.body }
        const { subject, change } = await addSubject(deps, call.principal, request)
        return { change, answer: { status: 201, body: viewOidcSubject(subject, null) } }
      }),
    disableOidcSubject: (call) =>
      step('disableOidcSubject', call, async () => {
        const name = { principal_id: call.params.id, subject_id: call.params.subject }
        const { subject, change } = await disableSubject(deps, call.principal, name)
        return { change, answer: { status: 200, body: viewOidcSubject(subject, null) } }
      }),
  }
}

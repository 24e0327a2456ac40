import { describe, expect, it } from 'vitest'
import { approvalPolicy } from '../../../lib/model/approval-policy.ts'
import type { JobContent } from '../../../lib/model/job.ts'
import type { ProfileVersion } from '../../../lib/model/profile.ts'
import { requirementFor } from '../../../lib/model/requirement.ts'
import { stagesOf } from '../../../lib/model/staging.ts'
import { makeFurnishedWorld } from '../../support/world.ts'

const one = approvalPolicy.parse({
  stages: [{ name: 'desk', quorum: 1, eligible: { roles: ['approver'] } }],
  ticket_required: true,
})
const three = approvalPolicy.parse({
  stages: [
    { name: 'security', quorum: 2, eligible: { roles: ['approver'] } },
    { name: 'platform', quorum: 1, eligible: { roles: ['approver'] } },
  ],
})

/** What a revocation in bulk needs that bears on profiles with these policies, in this order. */
const neededBy = async (...policies: readonly (typeof one)[]) => {
  const world = await makeFurnishedWorld()
  const { current } = await world.profiles.rules('p-prod-web', null)
  if (current === null) throw new Error('no profile')
  const affected = policies.map((approval_policy, index): ProfileVersion => {
    const document = { ...current.document, requires_approval: true, approval_policy }
    return { ...current, id: `p-${index}`, document }
  })
  const profiles = affected.map(({ id }) => ({ id, matched: 1, requires_approval: true }))
  const content = { type: 'Revocation', operation: 'bulk', profiles } as unknown as JobContent
  return requirementFor(content, { pinned: null, current: null, affected })?.policy
}

describe('the strictest of several policies', () => {
  it.each([
    ['first', [three, one]],
    ['last', [one, three]],
  ])(
    'that stands %s has a place for everybody that it asks for, and what any of them requires',
    async (_, policies) => {
      const policy = await neededBy(...policies)
      expect(policy).toMatchObject({ quorum: 3, ticket_required: true })
      const places = stagesOf(policy ?? one).map(({ name, quorum }) => [name, quorum])
      expect(places).toEqual([
        ['security', 2],
        ['platform', 1],
      ])
    },
  )
})

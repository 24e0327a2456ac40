import type { Grant } from './permission-grants.ts'

type Unused = { readonly fits: (grant: Grant) => boolean; readonly reason: string }

/** Rights that no run on this machine can use, and why they are there all the same: the only place for one. */
export const unusedWithReason: readonly Unused[] = [
  {
    // Places are spent, and held to the grant that gave them, in one step.
    fits: ({ role, action, key }) =>
      role.endsWith('-worker-acm-pca') && (key === 'SPENT#*' || action === 'dynamodb:ConditionCheckItem'),
    reason:
      'No certificate of AWS Private CA is renewed under a standing grant on the stack: test/unit/flows/authority.test.ts does it in memory, and test/e2e/standing-grant.test.ts by the same code in worker-kms',
  },
  {
    fits: ({ role, action }) =>
      role.endsWith('-worker-push-crl') && /^(rolesanywhere|elasticloadbalancing):/.test(action),
    reason:
      'Neither service is in the emulator. test/integration/pushed-lists.test.ts has the deployed function speak to a stand-in, past the recorder',
  },
  {
    fits: ({ role, action, resource }) =>
      role.endsWith('-schedule-renew') && action === 'dynamodb:Query' && resource.endsWith('/index/gsi6'),
    reason:
      'Only a renewal whose stages go by team asks who is in the directory; the stack under test renews none by schedule. test/integration/people.test.ts has api-submit ask the same',
  },
]

export const reasonFor = (grant: Grant): string | null =>
  unusedWithReason.find(({ fits }) => fits(grant))?.reason ?? null

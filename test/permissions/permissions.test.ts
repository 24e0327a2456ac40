import { beforeAll, describe, expect, inject, it } from 'vitest'
import { functionIds } from '../../infra/access.ts'
import {
  type Deployment,
  deniedCalls,
  deployedPolicies,
  told,
  unusedGrants,
} from '../support/permission-report.ts'
import type { Call } from '../support/recorded-calls.ts'
import { stack } from '../support/stack.ts'
import { reasonFor, unusedWithReason } from '../support/unused-grants.ts'

const callsMade = async (): Promise<readonly Call[]> =>
  (await (await fetch(`${inject('recorder_url')}/_recorder/calls`)).json()) as Call[]

/** Only a run of all projects on the stack, and of all their files, can say that something is never used. */
const whole = process.env.WHOLE_RUN === 'yes'

describe('in all that the tests on the stack did', () => {
  let deployment: Deployment
  let calls: readonly Call[]

  beforeAll(async () => {
    deployment = await deployedPolicies(stack.emulator_url)
    calls = await callsMade()
  })

  it.each(functionIds)('AWS would allow every call of %s', async (id) => {
    const own = calls.filter((call) => call.function === `countersign-local-${id}`)
    expect(await deniedCalls(deployment, own)).toEqual([])
  })

  it('every call was made by a function that the template has', () => {
    const unknown = calls.filter((call) => deployment.role_of[call.function] === undefined)
    expect(unknown).toEqual([])
  })

  it.runIf(whole)('every right was used, or has a reason (test/support/unused-grants.ts)', () => {
    const unused = unusedGrants(deployment, calls).filter((grant) => reasonFor(grant) === null)
    expect(unused.map(told)).toEqual([])
  })

  it.runIf(whole)('every reason is for a right that is there and was not used', () => {
    const unused = unusedGrants(deployment, calls)
    const stale = unusedWithReason.filter((one) => !unused.some((grant) => one.fits(grant)))
    expect(stale.map(({ reason }) => reason)).toEqual([])
  })
})

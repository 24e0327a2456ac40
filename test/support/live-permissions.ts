import { inject } from 'vitest'
import { deniedCalls, deployedPolicies } from './permission-report.ts'
import type { Call } from './recorded-calls.ts'
import { stack } from './stack.ts'

const url = `${inject('recorder_url')}/_recorder/calls`

/** What AWS would have denied of all that was done since they were last forgotten, a line each. */
export async function deniedSoFar(): Promise<readonly string[]> {
  const calls = (await (await fetch(url)).json()) as Call[]
  return deniedCalls(await deployedPolicies(stack.emulator_url), calls)
}

/** Whoever deploys otherwise forgets what was done before it: it was judged by what was deployed then. */
export const forgetCalls = async (): Promise<void> => void (await fetch(url, { method: 'DELETE' }))

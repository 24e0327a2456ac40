import { deployedStack } from './deployed-stack.ts'
import { allows } from './judged-calls.ts'
import { type Grant, grantsOf, told, uses } from './permission-grants.ts'
import { type Policies, policiesOf } from './permission-policies.ts'
import { type Call, ofTheTaskToken } from './recorded-calls.ts'
import { type Deployed, type Resource, resolved } from './resolved-template.ts'
import { wiredCalls } from './wired-calls.ts'

export type Deployment = Policies & { readonly resources: readonly Resource[] }

/** The policies of the deployed templates. */
export async function deployedPolicies(emulator_url: string): Promise<Deployment> {
  return deploymentOf(await deployedStack(emulator_url))
}

export function deploymentOf(deployed: Deployed): Deployment {
  const resources = resolved(deployed)
  return { resources, ...policiesOf(resources) }
}

/** Calls that AWS would deny, a line each. */
export async function deniedCalls(
  deployment: Deployment,
  calls: readonly Call[],
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const call of placed(deployment, calls)) {
    const role = deployment.role_of[call.function]
    if (role === undefined) lines.push(`nobody knows who called ${call.action} on ${call.resource}`)
    else if (!(await allows(deployment, role, call)))
      lines.push(`${call.function}: ${call.action} on ${call.resource} ${JSON.stringify(call.context)}`)
  }
  return lines
}

/** The rights that neither a call nor the wiring of the template needs. */
export function unusedGrants(deployment: Deployment, calls: readonly Call[]): readonly Grant[] {
  const did = placed(deployment, calls)
  const wired = wiredCalls(deployment.resources)
  return deployment.roles.flatMap((role) => {
    const own = did.filter((call) => deployment.role_of[call.function] === role)
    const needed = [...own, ...wired.filter(({ by }) => by === role.arn)]
    return grantsOf(role).filter((grant) => !needed.some((call) => uses(call, grant)))
  })
}

/** A call by a task token is about the only state machine that waits for one. */
function placed({ resources }: Deployment, calls: readonly Call[]): readonly Call[] {
  const machine = waitingMachine(resources)
  return calls.map((call) => (call.resource === ofTheTaskToken ? { ...call, resource: machine } : call))
}

/** The approval's: the other one answers and waits for nobody. */
export function waitingMachine(resources: Deployment['resources']): string {
  const machines = resources.filter(({ type }) => type === 'AWS::StepFunctions::StateMachine')
  return machines.find(({ arn }) => arn.endsWith('-approval'))?.arn ?? ''
}

export { told }

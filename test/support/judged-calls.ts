import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate'
import { account } from '../../scripts/local/environment.ts'
import type { Policies, Role, Statement } from './permission-policies.ts'
import type { Call } from './recorded-calls.ts'

/** Whether AWS would let a role do this, by its own policies and by those of the resource. */
export async function allows(policies: Policies, role: Role, call: Omit<Call, 'function'>): Promise<boolean> {
  const own = policies.on(call.resource)
  return judge({
    principal: `arn:aws:sts::${account}:assumed-role/${role.name}/session`,
    call: {
      ...call,
      context: { 'aws:PrincipalArn': role.arn, 'aws:SecureTransport': 'true', ...call.context },
    },
    identity: role.statements,
    own: own ?? [],
  })
}

/** Whether AWS would let one of its services do this with a resource, by the resource's policy alone. */
export async function allowsService(
  policies: Policies,
  service: string,
  call: Omit<Call, 'function'>,
): Promise<boolean> {
  const own = policies.on(call.resource) ?? []
  const context = { 'aws:SecureTransport': 'true', ...call.context }
  return judge({ principal: service, call: { ...call, context }, identity: [], own })
}

type Asked = {
  readonly principal: string
  readonly call: Omit<Call, 'function'>
  readonly identity: readonly Statement[]
  readonly own: readonly Statement[]
  /** Where the resource is, if not in the caller's account. */
  readonly account?: string
}

/**
 * The authorization reference says of these that they know no resource; AWS
 * decides on the state machine's ARN all the same (and says so when it denies).
 * They are judged as an action on the state machine that the reference knows.
 */
const judgedAs: Readonly<Record<string, string>> = {
  'states:SendTaskSuccess': 'states:StartExecution',
  'states:SendTaskFailure': 'states:StartExecution',
}

export async function judge({
  principal,
  call,
  identity,
  own,
  account: holder = account,
}: Asked): Promise<boolean> {
  const stand_in = judgedAs[call.action]
  const as = (statements: readonly Statement[]) => ({
    Version: '2012-10-17',
    Statement:
      stand_in === undefined ? statements : statements.map((one) => only(one, call.action, stand_in)),
  })
  const simulation: Simulation = {
    request: {
      principal,
      action: stand_in ?? call.action,
      resource: { resource: call.resource, accountId: holder },
      contextVariables: Object.fromEntries(
        Object.entries(call.context).map(([key, value]) => [
          key,
          typeof value === 'string' ? value : [...value],
        ]),
      ),
    },
    identityPolicies: identity.length === 0 ? [] : [{ name: 'access', policy: as(identity) }],
    ...(own.length === 0 ? {} : { resourcePolicy: as(own) }),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }
  const outcome = await runSimulation(simulation, {})
  if (outcome.resultType === 'error')
    throw new Error(`${call.action} on ${call.resource} cannot be judged: ${JSON.stringify(outcome.errors)}`)
  return outcome.overallResult === 'Allowed'
}

/** The statement with the one action under the name that it is judged by, and no other. */
function only(statement: Statement, action: string, stand_in: string): Statement {
  const actions = [statement.Action].flat().includes(action) ? stand_in : 'states:ListActivities'
  return { ...statement, Action: actions }
}

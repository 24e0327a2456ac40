import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { type FunctionId, heedsBypass, rowOf } from './access.ts'
import type { Stage } from './config.ts'
import type { Grant, Resource, Variable } from './grants.ts'
import { environmentName, functionName, roleName } from './names.ts'
import { grantsOf, holdersOf, type RoleId, roleOf } from './roles.ts'

/** What rows of access.ts refer to by name. */
export type Surroundings = {
  readonly stage: Stage
  /** Folder with one bundle a function. */
  readonly bundles: string
  readonly table_name: string
  readonly arns: Readonly<Partial<Record<Resource, readonly string[]>>>
  readonly variables: Readonly<Partial<Record<Variable, string>>>
}

/** A Lambda function with the role that its row in access.ts describes, and no other right. */
export class PrivilegedFunction extends LambdaFunction {
  readonly functionId: FunctionId

  constructor(scope: Construct, id: FunctionId, around: Surroundings) {
    const row = rowOf(id)
    const home = new Construct(scope, id)
    const logGroup = new LogGroup(home, 'Logs', {
      logGroupName: `/countersign/${around.stage.name}/${id}`,
      retention: around.stage.log_retention_days,
      removalPolicy: around.stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    super(home, 'Function', {
      functionName: functionName(around.stage, id),
      description: row.purpose,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(`${around.bundles}/${id}`),
      memorySize: row.memory,
      timeout: Duration.seconds(row.timeout_seconds),
      environment: environmentOf(id, around),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Our logger knows the stage's level by itself. Lambda takes a line without a level for INFO, and those are the metrics.
      applicationLogLevelV2:
        around.stage.log_level === 'DEBUG' ? ApplicationLogLevel.DEBUG : ApplicationLogLevel.INFO,
      // The beginning and the end of each invocation are counted by AWS anyway; what went wrong with one is a warning.
      systemLogLevelV2: around.stage.log_level === 'DEBUG' ? SystemLogLevel.INFO : SystemLogLevel.WARN,
      role: roleFor(home, id, around, logGroup),
    })
    this.functionId = id
  }
}

function environmentOf(id: FunctionId, around: Surroundings): Record<string, string> {
  const own = rowOf(id).variables.map((name) => [name, present(around.variables[name], name)] as const)
  return {
    STAGE: around.stage.name,
    ENVIRONMENT: environmentName(around.stage),
    TABLE_NAME: around.table_name,
    LOG_LEVEL: around.stage.log_level,
    ...Object.fromEntries(own),
    ...(around.stage.approval_bypass && heedsBypass.includes(id) ? { APPROVAL_BYPASS: 'yes' } : {}),
  }
}

/** The role of a function: its own, or the one that it shares, which is made with the first of those that share it. */
function roleFor(home: Construct, id: FunctionId, around: Surroundings, logGroup: LogGroup): Role {
  const role = roleOf(id)
  const logs = new PolicyStatement({
    effect: Effect.ALLOW,
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  })
  if (role === id) return newRole(home, 'Role', role, { around, statements: [logs] })
  const stack = Stack.of(home)
  const there = stack.node.tryFindChild(role)
  const shared = there instanceof Role ? there : newRole(stack, role, role, { around, statements: [] })
  shared.addToPolicy(logs)
  return shared
}

function newRole(
  scope: Construct,
  id: string,
  role: RoleId,
  { around, statements }: { readonly around: Surroundings; readonly statements: readonly PolicyStatement[] },
): Role {
  return new Role(scope, id, {
    roleName: roleName(around.stage, role),
    description: holdersOf(role)
      .map((holder) => rowOf(holder).purpose)
      .join('. '),
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      access: new PolicyDocument({
        // What a setting names none of is not granted.
        statements: [
          ...statements,
          ...grantsOf(role)
            .filter(({ on }) => around.arns[on]?.length !== 0)
            .map((grant) => statementOf(grant, around)),
        ],
      }),
    },
  })
}

function statementOf(grant: Grant, around: Surroundings): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...grant.actions],
    resources: [...present(around.arns[grant.on], grant.on)],
    ...(grant.keys
      ? { conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...grant.keys] } } }
      : {}),
  })
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`nothing named ${name} is in this stack`)
  return value
}

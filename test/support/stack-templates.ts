import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { functionIds } from '../../infra/access.ts'
import { build } from '../../infra/build.ts'
import { type Stage, stageOf } from '../../infra/config.ts'

export type Statement = {
  readonly Action: string | readonly string[]
  readonly Resource?: unknown
  readonly Condition?: unknown
  readonly Effect: string
  readonly Principal?: unknown
}

export type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: Properties }>>
// biome-ignore lint/suspicious/noExplicitAny: a template is what it is; the assertions say what it must be
type Properties = any

export type Synthesized = {
  readonly stage: Stage
  readonly data: Template
  readonly service: Template
  /** Of both stacks. */
  readonly resources: Resources
}

/** A stage's templates, without bundling: the assertions are about everything but the code. */
export function synthesize(name: string, context: object = {}): Synthesized {
  process.env.CDK_VALIDATION = 'false'
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } })
  const { stage, stacks } = buildInto(app, { stage: name, ...context })
  const data = Template.fromStack(stacks.data)
  const service = Template.fromStack(stacks.service)
  const resources: Resources = { ...data.toJSON().Resources, ...service.toJSON().Resources }
  return { stage, data, service, resources }
}

/** Builds a stage, with an empty bundle for each function. */
export function buildInto(app: App, context: object) {
  const bundles = mkdtempSync(join(tmpdir(), 'countersign-empty-'))
  try {
    for (const id of functionIds) {
      mkdirSync(join(bundles, id))
      writeFileSync(join(bundles, id, 'index.mjs'), `// ${id}\n`)
    }
    const stage = stageOf(context)
    // Assets are copied as the constructs are made: the bundles are not needed afterwards.
    return { stage, stacks: build(app, stage, bundles) }
  } finally {
    rmSync(bundles, { recursive: true, force: true })
  }
}

export function ofType(resources: Resources, type: string): Properties[] {
  return Object.values(resources)
    .filter((resource) => resource.Type === type)
    .map((resource) => resource.Properties)
}

/** Every role's statements, inline or attached; our own by the function's id, the others by logical id. */
export function statementsByRole(resources: Resources): Readonly<Record<string, readonly Statement[]>> {
  const roles = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role')
  return Object.fromEntries(
    roles.map(([logicalId, { Properties }]) => [
      nameOfRole(logicalId, Properties),
      [...inlineStatements(Properties), ...attachedStatements(resources, logicalId)],
    ]),
  )
}

function nameOfRole(logicalId: string, { RoleName }: Properties): string {
  const pieces: unknown = RoleName?.['Fn::Join']?.[1]
  return Array.isArray(pieces) ? String(pieces.at(-1)).replace(/^-/, '') : logicalId
}

function inlineStatements({ Policies = [] }: Properties): readonly Statement[] {
  return Policies.flatMap((policy: Properties) => policy.PolicyDocument.Statement)
}

function attachedStatements(resources: Resources, logicalId: string): readonly Statement[] {
  return ofType(resources, 'AWS::IAM::Policy')
    .filter(({ Roles }) => Roles.some((role: Properties) => role.Ref === logicalId))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
}

export function actionsOf({ Action }: Statement): readonly string[] {
  return typeof Action === 'string' ? [Action] : Action
}

/** The roles with a statement that grants the action, by name or by a wildcard. */
export function rolesAllowed(resources: Resources, action: string): readonly string[] {
  return Object.entries(statementsByRole(resources))
    .filter(([, statements]) => statements.some((statement) => grants(statement, action)))
    .map(([role]) => role)
    .sort()
}

function grants(statement: Statement, action: string): boolean {
  if (statement.Effect !== 'Allow') return false
  return actionsOf(statement).some((pattern) =>
    new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action),
  )
}

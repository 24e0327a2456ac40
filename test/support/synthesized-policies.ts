import { account, region } from '../../scripts/local/environment.ts'
import { type Deployment, deploymentOf } from './permission-report.ts'
import type { Deployed, Template, Value } from './resolved-template.ts'
import { synthesize } from './stack-templates.ts'

/** The policies of a stage as it is synthesized: resources are called what the template calls them, or their logical id. */
export function synthesizedPolicies(stage: string): Deployment {
  const { data, service } = synthesize(stage)
  return deploymentOf(withNames([data.toJSON() as Template, service.toJSON() as Template]))
}

const nameProperties: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
}

/** Templates that nobody deployed: what the template does not name is called by its logical id. */
export function withNames(templates: readonly Template[]): Deployed {
  const known = (id: string) =>
    templates.map(({ Resources }) => Resources[id]).find((one) => one !== undefined)
  const physical = (id: string): string => {
    const { Type = '', Properties = {} } = known(id) ?? {}
    if (Type === 'AWS::SQS::Queue') return `https://sqs.${region}.amazonaws.com/${account}/${id}`
    if (Type === 'AWS::SNS::Topic') return `arn:aws:sns:${region}:${account}:${id}`
    const name = Properties[nameProperties[Type] ?? '']
    return name === undefined ? id : joined(name)
  }
  return { templates, physical }
}

/** Names are made of text, the region and the account. */
function joined(name: Value): string {
  if (typeof name === 'string') return name
  const [between, parts] = name['Fn::Join']
  return parts.map((part: Value) => (typeof part === 'string' ? part : region)).join(between)
}

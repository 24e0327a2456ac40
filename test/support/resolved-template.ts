import { account, region } from '../../scripts/local/environment.ts'

// biome-ignore lint/suspicious/noExplicitAny: a template is what it is
export type Value = any

export type Template = {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Value }>>
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: Value; readonly Export?: { readonly Name: Value } }>
  >
}

/** Templates of one app, with what deployment calls their resources. */
export type Deployed = {
  readonly templates: readonly Template[]
  /** What `Ref` gives: the name, URL or ARN of a resource. */
  readonly physical: (logical_id: string) => string
  /** Where it is, if not in the account of the emulator. */
  readonly account?: string
}

export type Resource = {
  readonly id: string
  readonly type: string
  readonly arn: string
  readonly properties: Value
}

/** Every resource, its properties without an intrinsic function left in them. */
export function resolved(deployed: Deployed): readonly Resource[] {
  return deployed.templates.flatMap((template) =>
    Object.entries(template.Resources).map(([id, { Type, Properties }]) => ({
      id,
      type: Type,
      arn: arnOf(deployed, id),
      properties: resolve(deployed, Properties ?? {}),
    })),
  )
}

function resolve(deployed: Deployed, value: Value): Value {
  if (Array.isArray(value)) return value.map((one) => resolve(deployed, one))
  if (typeof value !== 'object' || value === null) return value
  const [[name, argument] = ['', null], ...more] = Object.entries<Value>(value)
  const intrinsic = more.length === 0 ? intrinsics[name] : undefined
  if (intrinsic !== undefined) return intrinsic(deployed, argument)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(deployed, one)]))
}

const pseudo = (deployed: Deployed): Readonly<Record<string, string>> => ({
  'AWS::AccountId': deployed.account ?? account,
  'AWS::Region': region,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
})

const intrinsics: Readonly<Record<string, (deployed: Deployed, argument: Value) => Value>> = {
  Ref: (deployed, id) => pseudo(deployed)[id] ?? deployed.physical(id),
  'Fn::GetAtt': (deployed, [id, attribute]) => attributeOf(deployed, id, attribute),
  'Fn::Join': (deployed, [between, parts]) => resolve(deployed, parts).join(between),
  'Fn::Select': (deployed, [place, list]) => resolve(deployed, list)[Number(place)],
  'Fn::Split': (deployed, [by, text]) => String(resolve(deployed, text)).split(by),
  'Fn::Sub': (deployed, text) =>
    String(text).replace(/\$\{([^}]+)\}/g, (_, id) => pseudo(deployed)[id] ?? deployed.physical(id)),
  'Fn::ImportValue': (deployed, name) => {
    const outputs = deployed.templates.flatMap(({ Outputs }) => Object.values(Outputs ?? {}))
    const exported = outputs.find(({ Export }) => Export?.Name === name)
    if (exported === undefined) throw new Error(`nothing exports ${name}`)
    return resolve(deployed, exported.Value)
  },
}

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`

function attributeOf(deployed: Deployed, id: string, attribute: string): string {
  const whole = arnOf(deployed, id)
  if (attribute === 'StreamArn') return `${whole}/stream/latest`
  return /Arn$/.test(attribute) ? whole : `${id}.${attribute}`
}

const byType: Readonly<Record<string, (physical: string) => string>> = {
  'AWS::DynamoDB::Table': (name) => arn('dynamodb', `table/${name}`),
  'AWS::SQS::Queue': (url) => arn('sqs', url.split('/').at(-1) ?? ''),
  'AWS::KMS::Key': (id) => arn('kms', `key/${id}`),
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::Lambda::Function': (name) => arn('lambda', `function:${name}`),
  'AWS::IAM::Role': (name) => `arn:aws:iam::${account}:role/${name}`,
  'AWS::Logs::LogGroup': (name) => arn('logs', `log-group:${name}:*`),
  'AWS::SNS::Topic': (name) => arn('sns', name),
  'AWS::StepFunctions::StateMachine': (name) => arn('states', `stateMachine:${name}`),
  'AWS::CloudFront::Distribution': (id) => `arn:aws:cloudfront::${account}:distribution/${id}`,
  'AWS::Events::Rule': (name) => arn('events', `rule/${name}`),
  'AWS::Scheduler::Schedule': (name) => arn('scheduler', `schedule/default/${name}`),
}

function arnOf(deployed: Deployed, id: string): string {
  const type = deployed.templates.map(({ Resources }) => Resources[id]?.Type).find((one) => one !== undefined)
  const physical = deployed.physical(id)
  if (physical.startsWith('arn:')) return physical
  return byType[type ?? '']?.(physical) ?? id
}

import type { IncomingHttpHeaders } from 'node:http'
import { account, region } from '../../scripts/local/environment.ts'

/** A request as a function sent it. */
export type Sent = {
  /** The function's name; empty where nobody said who sent it. */
  readonly function: string
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What AWS decides on: who does what with what, and the keys that conditions look at. */
export type Call = {
  readonly function: string
  readonly action: string
  readonly resource: string
  readonly context: Readonly<Record<string, string | readonly string[]>>
}

type Asked = Omit<Call, 'function'>
// biome-ignore lint/suspicious/noExplicitAny: requests of AWS's APIs, read where each is known
type Input = any

/** Stands for the resource of a call that names none, such as one by a task token. */
export const ofTheTaskToken = 'the state machine of the task token'

/** The service that a request is signed for. */
export const serviceOf = ({ headers }: Sent): string =>
  /\/([a-z0-9-]+)\/aws4_request/.exec(headers.authorization ?? '')?.[1] ?? 'unsigned'

/** One request may be several calls to IAM: each write of a transaction is decided on by itself. */
export function callsOf(sent: Sent, status: number): readonly Call[] {
  const service = serviceOf(sent)
  const read = readers[service]
  const asked = read === undefined ? [unknown(service, sent)] : read(sent, status)
  return asked.map((one) => ({ function: sent.function, ...one }))
}

/** Calls that differ in nothing that one of our policies could tell apart: ids after the kind of a key, names of objects. */
export function sameToPolicies({ function: by, action, resource, context }: Call): string {
  const keys = [context['dynamodb:LeadingKeys'] ?? []].flat().map((key) => key.replace(/(#|^ar-).*$/, '$1'))
  const place = resource.replace(/[^/]+$/, (name) => (resource.startsWith('arn:aws:s3:::') ? '' : name))
  const rest = { ...context, 'dynamodb:LeadingKeys': [...new Set(keys)].sort() }
  return JSON.stringify([by, action, place, rest])
}

/** A call that cannot be judged must not pass for one that is allowed. */
const unknown = (service: string, { method, path, headers }: Sent): Asked => ({
  action: `${service}:${headers['x-amz-target'] ?? `${method} ${path}`}`,
  resource: 'unknown',
  context: {},
})

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`

const inputOf = ({ body }: Sent): Input => JSON.parse(body.toString('utf8') || '{}')

const operationOf = ({ headers }: Sent): string => String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')

const textOf = (value: Input): string => String(value?.S ?? value?.N ?? value)

const readers: Readonly<Record<string, (sent: Sent, status: number) => readonly Asked[]>> = {
  dynamodb: (sent) => tableCalls(operationOf(sent), inputOf(sent)),
  kms: (sent) => [keyCall(operationOf(sent), inputOf(sent))],
  sqs: (sent) => [
    {
      action: `sqs:${operationOf(sent)}`,
      resource: arn('sqs', new URL(inputOf(sent).QueueUrl).pathname.split('/').at(-1) ?? ''),
      context: {},
    },
  ],
  states: (sent) => [
    {
      action: `states:${operationOf(sent)}`,
      resource: inputOf(sent).stateMachineArn ?? ofTheTaskToken,
      context: {},
    },
  ],
  'acm-pca': (sent) => [authorityCall(operationOf(sent), inputOf(sent))],
  sns: (sent) => [topicCall(new URLSearchParams(sent.body.toString('utf8')))],
  // The last part of a secret's ARN is AWS's to choose.
  secretsmanager: (sent) => [
    {
      action: `secretsmanager:${operationOf(sent)}`,
      resource: arn('secretsmanager', `secret:${inputOf(sent).SecretId}-AbCdEf`),
      context: {},
    },
  ],
  s3: objectCalls,
}

const leading = (keys: readonly string[]) => ({ 'dynamodb:LeadingKeys': keys })

function tableCalls(operation: string, input: Input): readonly Asked[] {
  const on = (action: string, table: string, context: Asked['context'], index?: string): Asked => ({
    action: `dynamodb:${action}`,
    resource: arn('dynamodb', `table/${table}${index === undefined ? '' : `/index/${index}`}`),
    context,
  })
  const attributes = (item: Input) => ({ 'dynamodb:Attributes': Object.keys(item ?? {}).sort() })
  const written = (kind: string, write: Input, enclosing: object) =>
    on(kind, write.TableName, {
      ...leading([textOf((write.Item ?? write.Key).pk)]),
      ...attributes(write.Item ?? write.Key),
      ...enclosing,
    })
  if (operation === 'TransactWriteItems')
    return input.TransactItems.map((item: Input) => {
      const [kind = '', write] = Object.entries(item)[0] ?? []
      const action = kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`
      return written(action, write, { 'dynamodb:EnclosingOperation': 'TransactWriteItems' })
    })
  if (operation === 'BatchGetItem')
    return Object.entries<Input>(input.RequestItems).map(([table, { Keys }]) =>
      on(operation, table, leading(Keys.map(({ pk }: Input) => textOf(pk)))),
    )
  if (operation === 'Query')
    return [on(operation, input.TableName, leading([partitionOf(input)]), input.IndexName)]
  if (['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'].includes(operation))
    return [written(operation, input, {})]
  return [on(operation, input.TableName ?? '', {})]
}

/** The partition that a query is about: the one value that must be equal. */
function partitionOf({ KeyConditionExpression, ExpressionAttributeValues }: Input): string {
  const [, name = ''] = /=\s*(:\w+)/.exec(KeyConditionExpression) ?? []
  return textOf(ExpressionAttributeValues[name])
}

function keyCall(operation: string, input: Input): Asked {
  const { KeyId, SigningAlgorithm, MessageType, EncryptionContext = {} } = input
  const sealed = Object.entries<string>(EncryptionContext)
  const sealing = ['Encrypt', 'Decrypt'].includes(operation)
  return {
    action: `kms:${operation}`,
    resource: KeyId.startsWith('arn:') ? KeyId : arn('kms', `key/${KeyId}`),
    context: {
      'kms:CallerAccount': account,
      ...(SigningAlgorithm === undefined ? {} : { 'kms:SigningAlgorithm': SigningAlgorithm }),
      ...(operation === 'Sign' ? { 'kms:MessageType': MessageType ?? 'RAW' } : {}),
      ...(sealing ? { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } : {}),
      ...(sealed.length > 0 ? { 'kms:EncryptionContextKeys': sealed.map(([name]) => name) } : {}),
      ...Object.fromEntries(sealed.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    },
  }
}

const authorityCall = (operation: string, input: Input): Asked => ({
  action: `acm-pca:${operation}`,
  resource: input.CertificateAuthorityArn,
  context: input.TemplateArn === undefined ? {} : { 'acm-pca:TemplateArn': input.TemplateArn },
})

const topicCall = (form: URLSearchParams): Asked => ({
  action: `sns:${form.get('Action')}`,
  resource: form.get('TopicArn') ?? '',
  context: {},
})

/** S3 tells nobody that an object is missing who may not list the bucket; a write on a condition reads, too. */
function objectCalls({ method, path, headers }: Sent, status: number): readonly Asked[] {
  const [bucket = '', ...rest] = decodeURIComponent(path.replace(/\?.*$/, '')).replace(/^\//, '').split('/')
  const on = (action: string, context: Asked['context'] = {}): Asked => ({
    action: `s3:${action}`,
    resource: `arn:aws:s3:::${bucket}/${rest.join('/')}`,
    context,
  })
  const list = { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, context: {} }
  if (method === 'GET' || method === 'HEAD')
    return status === 404 ? [on('GetObject'), list] : [on('GetObject')]
  if (method === 'PUT')
    return headers['if-match'] === undefined ? [on('PutObject')] : [on('PutObject'), on('GetObject')]
  return [on(`${method} Object`)]
}

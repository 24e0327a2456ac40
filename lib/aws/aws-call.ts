import { AwsClient } from 'aws4fetch'
import * as z from 'zod'
import { isPassing, isTurnedAway, isUnreached } from './passing.ts'

/** Where AWS is, and as whom it is asked. */
export type AwsAccess = {
  readonly region: string
  /** Where it is, if not where AWS has it. */
  readonly endpoint: string | undefined
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

type Spoken = {
  /** What the names of operations begin with there. */
  readonly prefix: string
  readonly version: string
  /** How often one operation is asked for before it has failed. */
  readonly tries: number
}

/**
 * Services that speak JSON. Whatever is asked of them may be asked twice, since an
 * answer can be lost: a transaction has a token, a write its condition, an
 * execution its name, a task token is taken once, an order at Private CA has a
 * token, and whoever takes a message from a queue expects it twice.
 */
const spoken = {
  dynamodb: { prefix: 'DynamoDB_20120810', version: '1.0', tries: 3 },
  states: { prefix: 'AWSStepFunctions', version: '1.0', tries: 3 },
  sqs: { prefix: 'AmazonSQS', version: '1.0', tries: 6 },
  kms: { prefix: 'TrentService', version: '1.1', tries: 6 },
  'acm-pca': { prefix: 'ACMPrivateCA', version: '1.1', tries: 6 },
  secretsmanager: { prefix: 'secretsmanager', version: '1.1', tries: 6 },
} as const satisfies Readonly<Record<string, Spoken>>

type AwsService = keyof typeof spoken | 'sns'
type Headers = Readonly<Record<string, string>>

type AwsAnswer = { readonly status: number; readonly text: string }

/** `fetch` hides in a TypeError how a connection failed. */
const unhidden = (error: unknown): unknown =>
  error instanceof TypeError && error.cause instanceof Error ? error.cause : error

/** A service of AWS by signed HTTP: a client of the SDK for each would be most of the function. */
export const awsCall = (service: AwsService, { region, endpoint, credentials }: AwsAccess, retries = 4) => {
  const client = new AwsClient({ ...credentials, service, region, retries })
  const url = endpoint ?? `https://${service}.${region}.amazonaws.com/`
  return async (headers: Headers, body: string): Promise<AwsAnswer> => {
    try {
      const answer = await client.fetch(url, { method: 'POST', headers: { ...headers }, body })
      return { status: answer.status, text: await answer.text() }
    } catch (error) {
      throw unhidden(error)
    }
  }
}

const members = z.record(z.string(), z.unknown())

/** What an operation answers. */
export type AwsMembers = Readonly<z.infer<typeof members>>

/** A body of JSON; what is none says nothing. */
const membersIn = (text: string): AwsMembers => {
  try {
    return members.parse(JSON.parse(text))
  } catch {
    return {}
  }
}

/** What a fault is called of which AWS does not say it: trouble on the other side passes, any other does not. */
const nameless = (status: number): string => {
  if (status === 429) return 'TooManyRequestsException'
  return status >= 500 ? 'InternalFailure' : 'UnknownError'
}

/** What AWS says no with, under the name that it has for it. */
const faultOf = (service: AwsService, operation: string, { status, text }: AwsAnswer): Error => {
  const said = membersIn(text)
  const { __type: type, message, Message = message } = said
  const name = status < 500 && typeof type === 'string' ? type.replace(/^.*#/, '') : nameless(status)
  const why = typeof Message === 'string' ? Message : `status ${status}`
  const turned_away = status < 500
  return Object.assign(new Error(`${service} answered ${operation} with ${name}: ${why}`), {
    name,
    turned_away,
    said,
  })
}

/** An error of several tries, each of which may have been the one that was heard. */
const marked = (error: unknown, turned_away: boolean): unknown =>
  error instanceof Error ? Object.assign(error, { turned_away }) : error

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * The operations of a service that speaks JSON. What AWS refuses is thrown as an
 * error of the name that AWS gives it, with what it said; what passes by itself (throttling, trouble
 * on the other side, a connection that broke) is asked again first, with backoff
 * by full jitter. `turned_away` says of the error whether none of the tries was heard.
 */
export const jsonCall = (service: keyof typeof spoken, access: AwsAccess) => {
  const call = awsCall(service, access, 0)
  const { prefix, version, tries } = spoken[service]
  const once = async (operation: string, input: object, headers: Headers): Promise<AwsMembers> => {
    const type = {
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${prefix}.${operation}`,
    }
    const answer = await call({ ...type, ...headers }, JSON.stringify(input))
    if (answer.status !== 200) throw faultOf(service, operation, answer)
    return membersIn(answer.text)
  }
  return async (operation: string, input: object, headers: Headers = {}): Promise<AwsMembers> => {
    let turned_away = true
    for (let round = 1; ; round += 1) {
      try {
        return await once(operation, input, headers)
      } catch (error) {
        turned_away &&= isTurnedAway(error)
        if (round === tries || !(isPassing(error) || isUnreached(error))) throw marked(error, turned_away)
        await pause(Math.random() * 100 * 2 ** round)
      }
    }
  }
}

export type JsonCall = ReturnType<typeof jsonCall>

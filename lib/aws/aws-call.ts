import { AwsClient } from 'aws4fetch'

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

type AwsService = 'kms' | 'sns' | 'secretsmanager' | 'sqs'

export type AwsAnswer = { readonly status: number; readonly text: string }

/** A service of AWS by signed HTTP: a client of the SDK for each would be most of the function. */
export const awsCall = (service: AwsService, { region, endpoint, credentials }: AwsAccess) => {
  const client = new AwsClient({ ...credentials, service, region, retries: 4 })
  const url = endpoint ?? `https://${service}.${region}.amazonaws.com/`
  return async (headers: Readonly<Record<string, string>>, body: string): Promise<AwsAnswer> => {
    const answer = await client.fetch(url, { method: 'POST', headers: { ...headers }, body })
    return { status: answer.status, text: await answer.text() }
  }
}

export const jsonHeaders = (target: string, version: '1.0' | '1.1'): Readonly<Record<string, string>> => ({
  'content-type': `application/x-amz-json-${version}`,
  'x-amz-target': target,
})

import { AwsClient } from 'aws4fetch'
import type { ListConsumers, Taken } from '../ports/list-consumers.ts'
import type { Bucket, Objects } from './objects.ts'

/**
 * IAM Roles Anywhere and the trust stores of Application Load Balancers, by
 * signed HTTP: five calls, for which two SDK clients would be most of the
 * function.
 */
export type ConsumerAccess = Pick<Bucket, 'credentials'> & {
  /** How our lists are called at IAM Roles Anywhere, before the issuer's name. */
  readonly prefix: string
  /** The bucket that load balancers read lists from. */
  readonly bucket: string
  readonly objects: Pick<Objects, 'put'>
  /** Where the services are, if not where AWS has them. */
  readonly endpoints: {
    readonly roles_anywhere: string | undefined
    readonly load_balancing: string | undefined
  }
}

type Reply = { readonly ok: boolean; readonly status: number; readonly text: string }

const regionOf = (arn: string): string => arn.split(':')[3] ?? ''

/** What passes by itself is tried again, here and then by the queue. */
const clientFor = (service: string, { credentials }: ConsumerAccess, arn: string): AwsClient =>
  new AwsClient({ ...credentials, service, region: regionOf(arn), retries: 3 })

const failed = (what: string, { status, text }: Reply): Error =>
  new Error(`${what} was answered with ${status}: ${text.slice(0, 300)}`)

/** The part of an answer between two tags; the API of load balancers speaks XML. */
const within = (text: string, tag: string): string | null =>
  new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text)?.[1] ?? null

/** A list that a service will not have, now or later: another try would end the same. */
const refusals = /^(InvalidRevocationContent|TooManyTrustStoreRevocationEntries)/

type Crl = { readonly crlId?: unknown; readonly name?: unknown; readonly trustAnchorArn?: unknown }

const rolesAnywhereOf = (access: ConsumerAccess): ListConsumers['rolesAnywhere'] => {
  const call = async (arn: string, method: string, path: string, body?: object): Promise<Reply> => {
    const base = access.endpoints.roles_anywhere ?? `https://rolesanywhere.${regionOf(arn)}.amazonaws.com`
    const response = await clientFor('rolesanywhere', access, arn).fetch(`${base}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { ok: response.ok, status: response.status, text: await response.text() }
  }

  /** Ours among the lists that are there: a crash between an import and its record must not make a second. */
  const ours = async (arn: string, name: string): Promise<string | null> => {
    for (let token = ''; ; ) {
      const reply = await call(
        arn,
        'GET',
        `/crls${token === '' ? '' : `?nextToken=${encodeURIComponent(token)}`}`,
      )
      if (!reply.ok) throw failed('ListCrls', reply)
      const { crls = [], nextToken } = JSON.parse(reply.text) as { crls?: readonly Crl[]; nextToken?: string }
      const found = crls.find((crl) => crl.name === name && crl.trustAnchorArn === arn)
      if (found !== undefined) return String(found.crlId)
      if (nextToken === undefined) return null
      token = nextToken
    }
  }

  const takenOf = (what: string, reply: Reply): Taken => {
    if (reply.status === 400) return { refused: reply.text.slice(0, 300) }
    if (!reply.ok) throw failed(what, reply)
    const { crl } = JSON.parse(reply.text) as { crl?: Crl }
    if (typeof crl?.crlId !== 'string') throw new Error(`${what} was answered without an id`)
    return { reference: crl.crlId }
  }

  return async ({ issuer_id, arn, pem, reference }) => {
    const name = `${access.prefix}-${issuer_id}`
    const crlData = Buffer.from(pem).toString('base64')
    const known = reference ?? (await ours(arn, name))
    if (known !== null) {
      const reply = await call(arn, 'PATCH', `/crl/${known}`, { crlData })
      if (reply.status !== 404) return takenOf('UpdateCrl', reply)
    }
    const imported = { name, crlData, enabled: true, trustAnchorArn: arn }
    return takenOf('ImportCrl', await call(arn, 'POST', '/crls', imported))
  }
}

const trustStoresOf = (
  access: ConsumerAccess,
): Pick<ListConsumers, 'addToTrustStore' | 'removeFromTrustStore'> => {
  const call = async (arn: string, parameters: Readonly<Record<string, string>>): Promise<Reply> => {
    const base =
      access.endpoints.load_balancing ?? `https://elasticloadbalancing.${regionOf(arn)}.amazonaws.com`
    const body = new URLSearchParams({ ...parameters, TrustStoreArn: arn, Version: '2015-12-01' }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const client = clientFor('elasticloadbalancing', access, arn)
    const response = await client.fetch(`${base}/`, { method: 'POST', body, headers })
    return { ok: response.ok, status: response.status, text: await response.text() }
  }
  return {
    addToTrustStore: async ({ issuer_id, arn, pem, number }) => {
      const path = `push/${issuer_id}.pem`
      const octets = Buffer.from(pem)
      await access.objects.put(
        path,
        { length: octets.length, chunks: () => [octets] },
        { order: number, headers: { 'content-type': 'application/x-pem-file' } },
      )
      const reply = await call(arn, {
        Action: 'AddTrustStoreRevocations',
        'RevocationContents.member.1.S3Bucket': access.bucket,
        'RevocationContents.member.1.S3Key': path,
        'RevocationContents.member.1.RevocationType': 'CRL',
      })
      const code = within(reply.text, 'Code') ?? ''
      if (!reply.ok && refusals.test(code))
        return { refused: `${code}: ${within(reply.text, 'Message') ?? ''}` }
      if (!reply.ok) throw failed('AddTrustStoreRevocations', reply)
      const reference = within(reply.text, 'RevocationId')
      if (reference === null) throw new Error('AddTrustStoreRevocations was answered without an id')
      return { reference }
    },
    removeFromTrustStore: async (arn, references) => {
      for (const reference of references) {
        const reply = await call(arn, {
          Action: 'RemoveTrustStoreRevocations',
          'RevocationIds.member.1': reference,
        })
        if (!reply.ok && !(within(reply.text, 'Code') ?? '').startsWith('RevocationIdNotFound'))
          throw failed('RemoveTrustStoreRevocations', reply)
      }
    },
  }
}

export const listConsumers = (access: ConsumerAccess): ListConsumers => ({
  rolesAnywhere: rolesAnywhereOf(access),
  ...trustStoresOf(access),
})

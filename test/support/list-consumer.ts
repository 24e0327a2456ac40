import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { bodyOf, signedFor } from './signed-requests.ts'

/** What IAM Roles Anywhere and Elastic Load Balancing say of us, as AWS documents the two APIs. */
export type ConsumerState = {
  /** At Roles Anywhere, by id. */
  readonly crls: Map<string, { name: string; trustAnchorArn: string; pem: string }>
  /** In trust stores: ARN, then revocation id and the text that was at its S3 path. */
  readonly revocations: Map<string, Map<string, string>>
  /** What was called, in order, with the service that its signature is for. */
  readonly calls: string[]
  /** Answers the next call of this name so, once. */
  readonly fail: Map<string, { readonly status: number; readonly text: string }>
}

type Reply = { readonly status: number; readonly text: string }

const json = (status: number, body: object): Reply => ({ status, text: JSON.stringify(body) })

const xml = (action: string, inside: string): Reply => ({
  status: 200,
  text: `<${action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${action}Result>${inside}</${action}Result></${action}Response>`,
})

const problem = (code: string): Reply => ({
  status: 400,
  text: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
})

const limit = 300_000

const rolesAnywhere = (state: ConsumerState, call: string, body: string): Reply => {
  const { name = '', crlData = '', trustAnchorArn = '', enabled = true } = body === '' ? {} : JSON.parse(body)
  const pem = Buffer.from(crlData, 'base64').toString()
  const shown = (crlId: string) => ({ crl: { crlId, enabled, ...state.crls.get(crlId), pem: undefined } })
  if (call === 'GET /crls')
    return json(200, { crls: [...state.crls.keys()].map((crlId) => shown(crlId).crl) })
  if (pem.length > limit || !pem.startsWith('-----BEGIN X509 CRL-----'))
    return json(400, { message: '1 validation error detected' })
  if (call === 'POST /crls') {
    const crlId = randomUUID()
    state.crls.set(crlId, { name, trustAnchorArn, pem })
    return json(201, shown(crlId))
  }
  const crlId = /^PATCH \/crl\/(.+)$/.exec(call)?.[1] ?? ''
  const there = state.crls.get(crlId)
  if (there === undefined) return json(404, { message: 'no such CRL' })
  state.crls.set(crlId, { ...there, pem })
  return json(200, shown(crlId))
}

type Reader = (bucket: string, path: string) => Promise<string>

const loadBalancing = async (state: ConsumerState, form: URLSearchParams, read: Reader): Promise<Reply> => {
  const store = state.revocations.get(form.get('TrustStoreArn') ?? '')
  if (store === undefined) return problem('TrustStoreNotFound')
  const action = form.get('Action') ?? ''
  if (action === 'AddTrustStoreRevocations') {
    const at = 'RevocationContents.member.1'
    const text = await read(form.get(`${at}.S3Bucket`) ?? '', form.get(`${at}.S3Key`) ?? '')
    if (!text.startsWith('-----BEGIN X509 CRL-----')) return problem('InvalidRevocationContent')
    const id = String(1 + Math.max(0, ...[...store.keys()].map(Number)))
    store.set(id, text)
    return xml(
      action,
      `<TrustStoreRevocations><member><RevocationId>${id}</RevocationId></member></TrustStoreRevocations>`,
    )
  }
  return store.delete(form.get('RevocationIds.member.1') ?? '')
    ? xml(action, '')
    : problem('RevocationIdNotFound')
}

/** Both services on one port of this machine. `read` is how load balancers get an object of S3. */
export const startConsumers = async (read: Reader, trust_stores: readonly string[]) => {
  const state: ConsumerState = {
    crls: new Map(),
    revocations: new Map(trust_stores.map((arn) => [arn, new Map()])),
    calls: [],
    fail: new Map(),
  }
  const answer = async (incoming: IncomingMessage): Promise<Reply> => {
    const body = await bodyOf(incoming)
    const service = signedFor(incoming)
    const form = new URLSearchParams(body)
    const call =
      service === 'elasticloadbalancing'
        ? (form.get('Action') ?? '')
        : `${incoming.method} ${incoming.url?.replace(/\?.*/, '')}`
    state.calls.push(`${service} ${call.replace(/[0-9a-f-]{36}/, '…')}`)
    const failure = state.fail.get(call.replace(/[0-9a-f-]{36}/, '…'))
    if (failure !== undefined) {
      state.fail.delete(call.replace(/[0-9a-f-]{36}/, '…'))
      return failure
    }
    if (service === 'rolesanywhere') return rolesAnywhere(state, call, body)
    if (service === 'elasticloadbalancing') return loadBalancing(state, form, read)
    return json(403, { message: `signed for ${service}` })
  }
  const server = createServer((incoming, outgoing) => {
    answer(incoming).then(
      ({ status, text }) => outgoing.writeHead(status).end(text),
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    ...state,
    url: `http://127.0.0.1:${address.port}`,
    stop: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

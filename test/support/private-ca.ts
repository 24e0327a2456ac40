import { createServer, type IncomingMessage } from 'node:http'
import * as z from 'zod'
import { account, region } from '../../scripts/local/environment.ts'
import { certificateOf, issueInput, makeRoot, requestOf } from './private-ca-certificates.ts'
import { bodyOf, signedFor } from './signed-requests.ts'

const arn = `arn:aws:acm-pca:${region}:${account}:certificate-authority/5d1c0000-0000-4000-8000-000000000001`

/** How it behaves from now on: AWS as it is documented, or with what goes wrong there. */
const behaviour = z.strictObject({
  /** How many of the next calls of an operation are turned away. */
  throttled: z.record(z.string(), z.int().min(0)).default({}),
  /** How many of the next calls of an operation are carried out, and the answer lost. */
  lost: z.record(z.string(), z.int().min(0)).default({}),
  /** How often a certificate is asked for before it is ready. */
  slow: z.int().min(0).default(0),
  /** What it changes in the next orders. */
  mistake: z.enum(['none', 'one name more', 'a day longer']).default('none'),
})

type Behaviour = z.infer<typeof behaviour>

const issued = z.object({
  arn: z.string(),
  serial: z.string(),
  pem: z.string(),
  token: z.string(),
  /** How often it is still not ready. */
  waits: z.number(),
  revoked: z.string().nullable(),
})

type Issued = z.infer<typeof issued>

/** What tests are shown at `/_stand-in`. */
export const standInState = z.object({
  root_pem: z.string(),
  calls: z.array(z.object({ operation: z.string(), code: z.string() })),
  issued: z.array(issued),
})

type Reply = { readonly code: string; readonly body: object }

const done = (body: object = {}): Reply => ({ code: 'OK', body })
const refused = (code: string, message = ''): Reply => ({ code, body: { __type: code, message } })

type Kept = {
  now: Behaviour
  readonly issued: Issued[]
  readonly calls: { operation: string; code: string }[]
}

const changed = (input: z.infer<typeof issueInput>, mistake: Behaviour['mistake']) => {
  const copy = structuredClone(input)
  if (mistake === 'a day longer') copy.Validity.Value += 86_400
  if (mistake === 'one name more')
    copy.ApiPassthrough.Extensions.SubjectAlternativeNames.push({ type: 'dns', value: 'other.example.com' })
  return copy
}

type Operation = (input: unknown) => Promise<Reply>

/** The operations of the API, each as its reference documents it. */
const operationsOf = async (kept: Kept) => {
  const root = await makeRoot()
  const root_pem = root.certificate.toString('pem')
  const known = z.object({ CertificateAuthorityArn: z.literal(arn) })
  const issue: Operation = async (given) => {
    const input = issueInput.parse(given)
    const before = kept.issued.find(({ token }) => token === input.IdempotencyToken)
    if (before !== undefined) return done({ CertificateArn: before.arn })
    const request = await requestOf(input)
    if (request === null) return refused('MalformedCSRException', 'the signature of the CSR does not hold')
    if (input.Validity.Value * 1000 > root.certificate.notAfter.getTime())
      return refused('ValidationException', 'the certificate would outlive its authority')
    const made = await certificateOf(root, changed(input, kept.now.mistake), request)
    const certificate = `${arn}/certificate/${made.serial}`
    const { slow: waits } = kept.now
    kept.issued.push({ ...made, arn: certificate, token: input.IdempotencyToken, waits, revoked: null })
    return done({ CertificateArn: certificate })
  }
  const get: Operation = async (given) => {
    const { CertificateArn } = known.extend({ CertificateArn: z.string() }).strict().parse(given)
    const found = kept.issued.find((one) => one.arn === CertificateArn)
    if (found === undefined) return refused('ResourceNotFoundException')
    found.waits -= 1
    if (found.waits >= 0) return refused('RequestInProgressException', 'The request is in progress.')
    return done({ Certificate: found.pem, CertificateChain: root_pem })
  }
  const revoke: Operation = async (given) => {
    const asked = known
      .extend({ CertificateSerial: z.string(), RevocationReason: z.string() })
      .strict()
      .parse(given)
    const serial = asked.CertificateSerial.replaceAll(':', '').toLowerCase()
    const found = kept.issued.find((one) => one.serial === serial)
    if (found === undefined) return refused('ResourceNotFoundException')
    if (found.revoked !== null) return refused('RequestAlreadyProcessedException')
    found.revoked = asked.RevocationReason
    return done()
  }
  const operations: Readonly<Record<string, Operation>> = {
    IssueCertificate: issue,
    GetCertificate: get,
    RevokeCertificate: revoke,
    GetCertificateAuthorityCertificate: async (given) => {
      known.strict().parse(given)
      return done({ Certificate: root_pem })
    },
  }
  return { operations, root_pem }
}

/** Whether the next call of this operation is one of those, which are then one fewer. */
const taken = (counts: Record<string, number>, operation: string): boolean => {
  const left = counts[operation] ?? 0
  counts[operation] = Math.max(0, left - 1)
  return left > 0
}

const statuses: Readonly<Record<string, number>> = {
  OK: 200,
  InternalFailure: 500,
  AccessDeniedException: 403,
}

/**
 * Stands in for AWS Private CA, which is not in the emulator: one root, and the
 * API in the shapes that AWS documents. It issues what is asked by a library
 * that is not ours, is throttled and slow where a test wants it, and takes an
 * idempotency token for what it is.
 */
export async function startStandIn() {
  const kept: Kept = { now: behaviour.parse({}), issued: [], calls: [] }
  const { operations, root_pem } = await operationsOf(kept)
  const answer = async (incoming: IncomingMessage): Promise<Reply> => {
    const body = await bodyOf(incoming)
    if (incoming.url === '/_stand-in') {
      if (incoming.method === 'PUT') kept.now = behaviour.parse(JSON.parse(body))
      return done({ root_pem, calls: kept.calls, issued: kept.issued })
    }
    const operation = String(incoming.headers['x-amz-target']).replace(/^ACMPrivateCA\./, '')
    const reply = await replyTo(incoming, operation, body)
    kept.calls.push({ operation, code: reply.code })
    return reply
  }
  const replyTo = async (incoming: IncomingMessage, operation: string, body: string): Promise<Reply> => {
    if (signedFor(incoming) !== 'acm-pca')
      return refused('AccessDeniedException', 'signed for another service')
    const perform = operations[operation]
    if (perform === undefined || incoming.headers['content-type'] !== 'application/x-amz-json-1.1')
      return refused('UnknownOperationException')
    if (taken(kept.now.throttled, operation)) return refused('ThrottlingException', 'Rate exceeded')
    const reply = await perform(JSON.parse(body)).catch((error: unknown) =>
      refused('ValidationException', String(error)),
    )
    return taken(kept.now.lost, operation) ? refused('InternalFailure') : reply
  }
  const server = createServer((incoming, outgoing) => {
    void answer(incoming).then(({ code, body }) => {
      outgoing.writeHead(statuses[code] ?? 400, { 'content-type': 'application/x-amz-json-1.1' })
      outgoing.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { arn, port: address.port, url: `http://127.0.0.1:${address.port}/_stand-in`, stop }
}

export type StandIn = Awaited<ReturnType<typeof startStandIn>>

import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { beforeAll, describe, expect, it } from 'vitest'
import { items } from '../../lib/aws/table.ts'
import { answerOcsp } from '../../lib/flows/answer-ocsp.ts'
import { ocspFunction } from '../../lib/lambda/ocsp.ts'
import type { SerialStatus } from '../../lib/model/revocation.ts'
import { encodePem } from '../../lib/pki/pem.ts'
import { openssl, opensslOutput } from '../support/pki-openssl.ts'
import { makeFurnishedWorld, type World } from '../support/world.ts'

/** The whole way of a question, as HTTP brings it: every shape of serial, every form, every answer. */
const serials = [
  '01',
  '7f',
  '80',
  'ff',
  '0a1b',
  '80000000',
  '7fffffffffffffff',
  '800000000000000001',
  'ff'.repeat(19),
  `40${'00'.repeat(18)}01`,
  '5a0102030405060708090a0b0c0d0e0f10111213',
] as const

const day = 86_400_000

let world: World
let files: Record<string, string>

beforeAll(async () => {
  world = await makeFurnishedWorld()
  const chain = (await world.issuers.get('iss-web'))?.chain ?? []
  const [web = '', root = ''] = chain.map((der) => encodePem('CERTIFICATE', Buffer.from(der, 'base64')))
  files = { 'web.pem': web, 'root.pem': root }
})

const kinds = {
  good: {},
  revoked: { status: 'revoked', reason: 'keyCompromise' },
  held: { status: 'revoked', reason: 'certificateHold' },
  'expired, and revoked before': { status: 'revoked', reason: 'superseded', ended: true },
  'expired, and never revoked': { ended: true },
} as const

/** What the table has of a serial. */
const plant = (serial: string, kind: keyof typeof kinds): void => {
  const {
    status = 'good',
    reason = null,
    ended = false,
  } = kinds[kind] as {
    status?: SerialStatus['status']
    reason?: SerialStatus['reason']
    ended?: boolean
  }
  const at = (days: number) => new Date(world.now().getTime() + days * day).toISOString()
  const row: SerialStatus = {
    issuer_id: 'iss-web',
    serial,
    version: 1,
    certificate_id: 'mc-judged',
    certificate_version: 1,
    profile_id: 'p-dev-web',
    owner: 'pr-alice',
    spki_sha256: '0'.repeat(64),
    status,
    revoked_at: status === 'good' ? null : at(-40),
    reason,
    not_after: at(ended ? -30 : 30),
    short_lived: false,
    crl_shard: 0,
  }
  world.table.write(items.serial(row))
}

const ask = async (event: object): Promise<Uint8Array> => {
  const deps = {
    ...world,
    unseal: async (sealed: string) => Buffer.from(sealed, 'base64'),
    isPassing: () => false,
    onFault: (error: unknown) => {
      throw error
    },
  }
  const handler = ocspFunction({ answer: (id, query) => answerOcsp(deps, id, query), now: world.now })
  const { statusCode, body } = await handler(event as APIGatewayProxyEventV2)
  expect(statusCode).toBe(200)
  return Buffer.from(body ?? '', 'base64')
}

const path = '/.well-known/pki/ocsp/iss-web'
const asEvent = (method: string, rawPath: string, more: object = {}) => ({
  rawPath,
  headers: {},
  requestContext: { http: { method } },
  ...more,
})

const posted = (der: Buffer) => asEvent('POST', path, { body: der.toString('base64'), isBase64Encoded: true })
const gotten = (question: string) => asEvent('GET', `${path}/${question}`)

/** Every way to ask about one serial number, by name. */
const waysOf = (serial: string) => {
  const requestOf = (...options: readonly string[]) =>
    Buffer.from(
      opensslOutput(
        files,
        'a.req',
        ...['ocsp', '-issuer', 'web.pem', ...options, '-serial', `0x${serial}`, '-reqout', 'a.req'],
      ),
    )
  const [plain, sha256, nonce] = [
    requestOf('-no_nonce'),
    requestOf('-sha256', '-no_nonce'),
    requestOf('-nonce'),
  ]
  return {
    'POST, SHA-1': posted(plain),
    'POST, SHA-256': posted(sha256),
    'POST with a nonce': posted(nonce),
    'GET, SHA-1': gotten(encodeURIComponent(plain.toString('base64'))),
    'GET, SHA-256, no padding': gotten(sha256.toString('base64').replace(/=+$/, '')),
    'GET of the serial': gotten(serial),
    'GET of the serial with zeros, in capitals': gotten(`000${serial}`.toUpperCase()),
  } as const
}

const said = (response: Uint8Array): string => {
  const at = String(Math.floor(world.now().getTime() / 1000))
  const args = ['ocsp', '-respin', 'a.resp', '-resp_text', '-CAfile', 'root.pem', '-verify_other', 'web.pem']
  const { stdout, stderr } = openssl({ ...files, 'a.resp': response }, ...args, '-attime', at)
  return stdout + stderr
}

const wanted: Readonly<Record<keyof typeof kinds | 'unknown', readonly string[]>> = {
  good: ['Cert Status: good'],
  revoked: ['Cert Status: revoked', 'Revocation Reason: keyCompromise'],
  held: ['Cert Status: revoked', 'Revocation Reason: certificateHold'],
  // No list has it any more; here the last word on it stands for as long as the record does.
  'expired, and revoked before': ['Cert Status: revoked', 'Revocation Reason: superseded'],
  'expired, and never revoked': ['Cert Status: good'],
  unknown: ['Cert Status: unknown'],
}

describe.each(serials)('OCSP about serial %s', (serial) => {
  it.each(Object.keys(wanted) as (keyof typeof wanted)[])(
    'that is %s says so, however it is asked',
    async (kind) => {
      world.table.rows.delete(`SERIAL#iss-web#${serial}\u0000STATUS`)
      for (const name of [...world.table.rows.keys()])
        if (name.startsWith('OCSP#')) world.table.rows.delete(name)
      world.pass(1000)
      if (kind !== 'unknown') plant(serial, kind)
      for (const [way, event] of Object.entries(waysOf(serial))) {
        const text = said(await ask(event))
        expect([way, text]).toEqual([way, expect.stringContaining('Response verify OK')])
        for (const part of wanted[kind]) expect([way, text]).toEqual([way, expect.stringContaining(part)])
        expect(text).toContain(`Hash Algorithm: ${way.includes('SHA-256') ? 'sha256' : 'sha1'}`)
        expect(text.replaceAll(/Serial Number: 0*/g, 'Serial Number: ')).toContain(
          `Serial Number: ${serial.toUpperCase().replace(/^0+/, '')}`,
        )
        expect(text.includes('OCSP Nonce')).toBe(way.includes('nonce'))
      }
    },
  )
})

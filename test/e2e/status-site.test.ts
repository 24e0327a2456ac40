import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { crlFile, type Files, fetched, filesOf, hexSerialOf, statusUrl } from '../support/live-openssl.ts'
import { issueUngated } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

type Verdict = 'good' | 'revoked' | 'unknown'
type Ask = (files: Files, extra: readonly string[]) => Promise<string>

const folder = mkdtempSync(join(tmpdir(), 'countersign-status-'))
const ocsp = statusUrl('ocsp', 'iss-web')
const binary = { 'content-type': 'application/ocsp-request' }
const malformedRequest = '30030a0101'
const unauthorized = '30030a0106'

/** `openssl ocsp` asks by itself. */
const byPost: Ask = (files, extra) =>
  openssl('ocsp', ...extra, ...about(files), '-CAfile', files.root, '-url', ocsp)

/** `openssl ocsp` makes the request and judges the answer; it is asked for in the URL (RFC 6960 Appendix A.1). */
const byGet: Ask = async (files, extra) => {
  const request = await requestOf(files, extra)
  const answer = await fetched(`${ocsp}/${encodeURIComponent(request.toString('base64'))}`)
  expect(answer.content_type).toBe('application/ocsp-response')
  return judge(files, answer.body, extra)
}

const about = ({ issuer, leaf }: Files) => ['-issuer', issuer, '-cert', leaf]

const requestOf = async (files: Files, extra: readonly string[]): Promise<Buffer> => {
  const file = join(files.folder, 'request.der')
  await openssl('ocsp', ...extra, ...about(files), '-no_nonce', '-reqout', file)
  return readFileSync(file)
}

const judge = async (files: Files, response: Uint8Array, extra: readonly string[] = []): Promise<string> => {
  const file = join(files.folder, 'response.der')
  writeFileSync(file, response)
  return openssl('ocsp', '-respin', file, ...extra, ...about(files), '-CAfile', files.root)
}

const expectVerdict = (said: string, { leaf }: Files, verdict: Verdict): void => {
  expect(said).toContain('Response verify OK')
  expect(said).toContain(`${leaf}: ${verdict}`)
}

const revoke = async (certificate_id: string, reason: string): Promise<void> => {
  const answer = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason })
  const { job } = await as('alice').expect(changed, 202, answer)
  await jobCompleted(as('alice'), job.id)
}

const filesIn = async (certificate_id: string): Promise<Files> =>
  filesOf(certificate_id, mkdtempSync(join(folder, 'certificate-')))

let good: Files
let revoked: Files

beforeAll(async () => {
  good = await filesIn((await issueUngated()).certificate_id)
  const { certificate_id } = await issueUngated()
  revoked = await filesIn(certificate_id)
  expectVerdict(await byPost(revoked, []), revoked, 'good')
  await revoke(certificate_id, 'keyCompromise')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the list of an issuer', () => {
  it('has a certificate within seconds of its revocation, and verifies with the issuer', async () => {
    const serial = await hexSerialOf(revoked.leaf)
    const text = await eventually(`${serial} on the list`, async () => {
      const file = await crlFile('iss-web', revoked.folder)
      const said = await openssl('crl', '-in', file, '-CAfile', revoked.issuer, '-noout', '-text')
      return said.includes(serial) ? { found: said } : { seen: 'a list without it' }
    })
    expect(text).toContain('verify OK')
    expect(text).toMatch(new RegExp(`${serial}[\\s\\S]*?Key Compromise`))
    expect(text).not.toContain(await hexSerialOf(good.leaf))
  })

  it('makes OpenSSL refuse the revoked certificate and take the other', async () => {
    await eventually('a list with the revoked certificate', async () => {
      const text = await openssl('crl', '-in', await crlFile('iss-web', folder), '-noout', '-text')
      return text.includes(await hexSerialOf(revoked.leaf)) ? { found: true } : { seen: 'not yet' }
    })
    const lists = [await crlFile('iss-root', folder), await crlFile('iss-web', folder)]
    const verify = ({ root, issuer, leaf }: Files) =>
      openssl(
        'verify',
        ...['-x509_strict', '-crl_check_all', ...lists.flatMap((list) => ['-CRLfile', list])],
        ...['-CAfile', root, '-untrusted', issuer, leaf],
      )
    expect(await verify(good)).toContain('OK')
    await expect(verify(revoked)).rejects.toThrow('certificate revoked')
  })
})

describe.each([
  { form: 'POST', ask: byPost },
  { form: 'GET', ask: byGet },
])('openssl ocsp by $form', ({ ask }) => {
  it.each([
    ['SHA-1', []],
    ['SHA-256', ['-sha256']],
  ] as const)('with a CertID in %s is told what is good and what is revoked', async (_, extra) => {
    expectVerdict(await ask(good, extra), good, 'good')
    const said = await ask(revoked, extra)
    expectVerdict(said, revoked, 'revoked')
    expect(said).toContain('Reason: keyCompromise')
  })
})

describe('OCSP', () => {
  it('echoes a nonce, and such an answer is not cached', async () => {
    const said = await openssl('ocsp', ...about(good), '-CAfile', good.root, '-url', ocsp, '-text')
    const nonces = said.match(/OCSP Nonce:\s*\n\s*([0-9A-F]+)/g) ?? []
    expect(nonces.length).toBe(2)
    expect(nonces[0]).toBe(nonces[1])
    expect(said).not.toMatch(/no nonce in response|Nonce Verify error/)
    const file = join(good.folder, 'nonce.der')
    await openssl('ocsp', ...about(good), '-nonce', '-reqout', file)
    const answer = await fetched(ocsp, { method: 'POST', headers: binary, body: readFileSync(file) })
    expect(answer.cache_control).toBe('no-store')
  })

  it('answers without a nonce may be cached for a while', async () => {
    const request = await requestOf(good, [])
    const answer = await fetched(ocsp, { method: 'POST', headers: binary, body: new Uint8Array(request) })
    expect(answer.content_type).toBe('application/ocsp-response')
    expect(answer.cache_control).toMatch(/max-age=[1-9]/)
  })

  it('says unknown, never good, of a serial that was never issued', async () => {
    const said = await openssl(
      ...['ocsp', '-issuer', good.issuer, '-serial', '0x4000000000000000000000000000000000000001'],
      ...['-CAfile', good.root, '-url', ocsp],
    )
    expect(said).toContain('Response verify OK')
    expect(said).toMatch(/0x40{38}1: unknown/)
  })

  const spelt = [
    ['as OpenSSL prints it', (hex: string) => hex],
    ['in lower case', (hex: string) => hex.toLowerCase()],
    ['with a leading zero octet', (hex: string) => `00${hex}`],
    ['with many leading zeros', (hex: string) => hex.padStart(64, '0')],
    ['with 0x before it', (hex: string) => `0x${hex}`],
    ['with colons', (hex: string) => (hex.match(/../g) ?? []).join(':')],
  ] as const
  it.each(spelt)('by GET takes a serial %s', async (_, spell) => {
    for (const [files, verdict] of [
      [good, 'good'],
      [revoked, 'revoked'],
    ] as const) {
      const answer = await fetched(`${ocsp}/${spell(await hexSerialOf(files.leaf))}`)
      expect(answer.status).toBe(200)
      expect(answer.content_type).toBe('application/ocsp-response')
      expectVerdict(await judge(files, answer.body), files, verdict)
    }
  })

  it('is not authorized to speak about the certificates of another issuer', async () => {
    const file = join(good.folder, 'other.der')
    await openssl('ocsp', '-issuer', good.root, '-cert', good.issuer, '-no_nonce', '-reqout', file)
    const body = readFileSync(file)
    const other = await fetched(ocsp, { method: 'POST', headers: binary, body })
    expect(other.status).toBe(200)
    expect(other.body.toString('hex')).toBe(unauthorized)
    const own = await openssl(
      ...['ocsp', '-issuer', good.root, '-cert', good.issuer, '-CAfile', good.root],
      ...['-url', statusUrl('ocsp', 'iss-root')],
    )
    expect(own).toContain(`${good.issuer}: good`)
  })

  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('is it good?')],
    ['an empty SEQUENCE', Buffer.from('3000', 'hex')],
    ['a length past the end', Buffer.from('3084ffffffff', 'hex')],
    ['an indefinite length', Buffer.from('30800000', 'hex')],
    ['a request for no certificate', Buffer.from('300430023000', 'hex')],
    ['deep nesting', Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from([0x30, 0x80])))],
    ['16 KB of zeros', new Uint8Array(16_384)],
    ['64 KB of zeros', new Uint8Array(65_536)],
  ]
  it.each(malformed)('answers %s with HTTP 200 and malformedRequest', async (_, body) => {
    const answer = await fetched(ocsp, { method: 'POST', headers: binary, body: Buffer.from(body) })
    expect(answer.status).toBe(200)
    expect(answer.content_type).toBe('application/ocsp-response')
    expect(answer.body.toString('hex')).toBe(malformedRequest)
  })

  it('answers a malformed GET in the same way', async () => {
    const answer = await fetched(`${ocsp}/bm90IGEgcmVxdWVzdA%3D%3D`)
    expect([answer.status, answer.body.toString('hex')]).toEqual([200, malformedRequest])
  })
})

describe('the status site', () => {
  it('is plain HTTP without credentials, as the URLs in the certificate are', async () => {
    expect(stack.status_url).toMatch(/^http:/)
    const text = await openssl('x509', '-in', good.leaf, '-noout', '-text')
    for (const kind of ['crl', 'ocsp', 'ca'] as const)
      expect(text).toContain(`URI:${statusUrl(kind, 'iss-web')}`)
  })

  it.each([
    ['crl', 'application/pkix-crl', ['crl', '-inform', 'DER', '-noout', '-issuer']],
    ['ca', 'application/pkix-cert', ['x509', '-inform', 'DER', '-noout', '-subject']],
  ] as const)('serves %s as %s', async (kind, content_type, read) => {
    for (const issuer_id of ['iss-root', 'iss-web']) {
      const answer = await fetched(statusUrl(kind, issuer_id))
      expect(answer.status).toBe(200)
      expect(answer.content_type).toBe(content_type)
      const file = join(folder, `${issuer_id}-${kind}.der`)
      writeFileSync(file, answer.body)
      expect(await openssl(...read, '-in', file)).toContain('Countersign Local')
    }
  })

  const paths = ['crl', 'ca', 'ocsp'] as const
  it.each(paths)('answers 404 for an unknown issuer at %s', async (kind) => {
    const url = statusUrl(kind, 'iss-nobody')
    expect((await fetched(kind === 'ocsp' ? `${url}/01` : url)).status).toBe(404)
  })

  it('answers 404 for an OCSP POST to an unknown issuer, whatever is asked', async () => {
    for (const body of [new Uint8Array(await requestOf(good, [])), new Uint8Array([1, 2, 3])]) {
      const answer = await fetched(statusUrl('ocsp', 'iss-nobody'), { method: 'POST', headers: binary, body })
      expect(answer.status).toBe(404)
    }
  })
})

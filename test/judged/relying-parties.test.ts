import { describe, expect, it } from 'vitest'
import { assembleCrl, tbsCertList } from '../../lib/pki/crl.ts'
import { type CrlEntry, packRows } from '../../lib/pki/crl-rows.ts'
import { readOcspRequest } from '../../lib/pki/ocsp-request.ts'
import { type OcspStatus, ocspResponse } from '../../lib/pki/ocsp-response.ts'
import { intermediateOf, issue, now, pemOf, rootOf } from '../support/pki-chain.ts'
import { keyOf, signWith } from '../support/pki-keys.ts'
import { answerOf, responderOf, responsePlan, signDigestWith } from '../support/pki-ocsp.ts'
import { openssl, opensslOutput } from '../support/pki-openssl.ts'
import { planWith } from '../support/pki-plans.ts'

/** Every shape of a serial number: what other tools print with zeros, without them, or as negative. */
const serials = [
  ['one octet', '01'],
  ['one octet, high bit', '80'],
  ['an odd number of digits when printed', '0a1b'],
  ['the high bit behind a zero', '00ff'.slice(2)],
  ['eight octets', '7fffffffffffffff'],
  ['nine octets, high bit', '800000000000000001'],
  ['nineteen octets, all set', 'ff'.repeat(19)],
  ['twenty octets', `40${'00'.repeat(18)}01`],
  ['twenty octets, as new serials are', '5a0102030405060708090a0b0c0d0e0f10111213'],
] as const

const subject = [{ type: 'CN' as const, value: 'Matrix Root' }]
const root = rootOf(subject, keyOf('ECDSA_P256'), 'ECDSA_SHA_256')
const issuing = intermediateOf(root, [{ type: 'CN', value: 'Matrix CA' }], {
  key: keyOf('ECDSA_P384'),
  signing_algorithm: 'ECDSA_SHA_384',
})
const iso = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()
const shardUrl = 'http://pki.example.com/.well-known/pki/crl/iss-test/3'

const crlOf = (authority: typeof root, entries: Iterable<CrlEntry>, shard_url?: string): string => {
  const rows = packRows(entries)
  const { facts, key } = authority
  const tbs = tbsCertList({
    issuer_subject: Buffer.from(facts.subject, 'base64'),
    key_id: facts.key_id,
    signing_algorithm: facts.signing_algorithm,
    number: 1,
    this_update: iso(-60),
    next_update: iso(3600),
    rows: () => [rows],
    shard_url,
  })
  const der = assembleCrl(
    tbs,
    facts.signing_algorithm,
    signWith(key.privateKey, facts.signing_algorithm, tbs),
  )
  const pem = opensslOutput(
    { 'a.crl': der },
    'a.pem',
    'crl',
    '-inform',
    'DER',
    '-in',
    'a.crl',
    '-out',
    'a.pem',
  )
  return Buffer.from(pem).toString('latin1')
}

const leafWith = (serial: string, url?: string) =>
  issue(
    planWith({
      issuer: issuing.facts,
      serial,
      ...(url === undefined ? {} : { crl_distribution_points: [url] }),
    }),
    issuing.key,
  )

const verdict = (leaf: Uint8Array, list: string): string => {
  const files = {
    'root.pem': root.pem,
    'issuing.pem': issuing.pem,
    'leaf.pem': pemOf(leaf),
    'root.crl': crlOf(root, []),
    'a.crl': list,
  }
  const lists = ['-crl_check_all', '-CRLfile', 'root.crl', '-CRLfile', 'a.crl']
  const about = ['-CAfile', 'root.pem', '-untrusted', 'issuing.pem', 'leaf.pem']
  const { stdout, stderr } = openssl(files, 'verify', '-x509_strict', '-extended_crl', ...lists, ...about)
  return stdout + stderr
}

/** So many others, none of them the one that is looked for. */
function* others(count: number): Generator<CrlEntry> {
  for (let n = 0; n < count; n += 1)
    yield { serial: `6f${n.toString(16).padStart(30, '0')}`, revoked_at: iso(-n % 1000) }
}

describe.each(serials)('openssl verify -crl_check_all: a serial of %s', (_, serial) => {
  describe.each([
    ['a whole list', undefined],
    ['a shard', shardUrl],
  ])('on %s', (__, url) => {
    it.each([0, 1, 10_000])(
      'with %d others is refused when it is listed, and taken when it is not',
      (count) => {
        const leaf = leafWith(serial, url)
        const listed = [...others(count), { serial, revoked_at: iso(-10), reason: 'keyCompromise' as const }]
        expect(verdict(leaf, crlOf(issuing, listed, url))).toContain('certificate revoked')
        expect(verdict(leaf, crlOf(issuing, others(count), url))).toContain('leaf.pem: OK')
      },
    )
  })
})

describe('openssl verify', () => {
  it.each([undefined, shardUrl])(
    'finds one among a hundred thousand (%s)',
    (url) => {
      const serial = '5affffffffffffffffffffffffffffffffffffff'
      const listed = [...others(100_000), { serial, revoked_at: iso(-10) }]
      expect(verdict(leafWith(serial, url), crlOf(issuing, listed, url))).toContain('certificate revoked')
      expect(verdict(leafWith(serial, url), crlOf(issuing, others(100_000), url))).toContain('leaf.pem: OK')
    },
    60_000,
  )

  it('takes no shard for another: a certificate is not checked by a list that is not its own', () => {
    const leaf = leafWith('4242', 'http://pki.example.com/.well-known/pki/crl/iss-test/4')
    expect(verdict(leaf, crlOf(issuing, [], shardUrl))).toMatch(
      /unable to get certificate CRL|different CRL scope/i,
    )
  })

  it('refuses what is on hold', () => {
    const held = [{ serial: '4242', revoked_at: iso(-10), reason: 'certificateHold' as const }]
    expect(verdict(leafWith('4242'), crlOf(issuing, held))).toContain('certificate revoked')
  })
})

const statuses: readonly (readonly [string, OcspStatus, string])[] = [
  ['good', { status: 'good' }, 'leaf.pem: good'],
  ['revoked', { status: 'revoked', revoked_at: iso(-10), reason: 'superseded' }, 'leaf.pem: revoked'],
  ['held', { status: 'revoked', revoked_at: iso(-10), reason: 'certificateHold' }, 'Reason: certificateHold'],
  ['unknown', { status: 'unknown' }, 'leaf.pem: unknown'],
]

describe.each(serials)('openssl ocsp: a serial of %s', (_, serial) => {
  const files = { 'issuer.pem': issuing.pem, 'root.pem': root.pem, 'leaf.pem': pemOf(leafWith(serial)) }
  const responder = responderOf(issuing)

  it.each(
    statuses.flatMap(([name, status, wanted]) =>
      ['-sha1', '-sha256'].flatMap((hash) =>
        ['-nonce', '-no_nonce'].map((nonce) => [name, hash, nonce, status, wanted] as const),
      ),
    ),
  )('%s, asked with %s and %s', async (_name, hash, nonce, status, wanted) => {
    const ask = ['ocsp', hash, '-issuer', 'issuer.pem', '-cert', 'leaf.pem', nonce]
    const der = opensslOutput(files, 'a.req', ...ask, '-reqout', 'a.req')
    const asked = readOcspRequest(der)
    expect(asked.certificate_ids[0]?.serial).toBe(serial)
    expect(asked.nonce === null).toBe(nonce === '-no_nonce')
    const plan = responsePlan(
      responder,
      asked.certificate_ids.map((id) => answerOf(id, status)),
      asked.nonce,
    )
    const response = await ocspResponse(plan, signDigestWith(responder.key.privateKey))
    const given = { ...files, 'a.req': der, 'a.resp': response }
    const trusted = ['-respin', 'a.resp', '-CAfile', 'root.pem']
    const about = ['-issuer', 'issuer.pem', hash, '-cert', 'leaf.pem', '-no_nonce']
    const judged = openssl(given, 'ocsp', ...trusted, ...about)
    expect(judged.stdout + judged.stderr).toContain('Response verify OK')
    expect(judged.stdout + judged.stderr).toContain(wanted)
    const compared = openssl(given, 'ocsp', '-reqin', 'a.req', ...trusted, '-issuer', 'issuer.pem')
    expect(compared.stdout + compared.stderr).toContain('Response verify OK')
    expect(compared.stdout + compared.stderr).not.toMatch(/Nonce Verify error|no nonce in response/)
  })
})

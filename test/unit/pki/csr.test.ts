import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyAlgorithm } from '../../../lib/model/algorithms.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { readCsr } from '../../../lib/pki/csr.ts'
import { boolean, explicit, namedBits, number, sequence } from '../../../lib/pki/der.ts'
import { encodePem } from '../../../lib/pki/pem.ts'
import {
  attribute,
  commonName,
  csrOf,
  dnsNames,
  extension,
  extensionRequest,
  rdn,
  rsaSha1,
  rsaSha256,
} from '../../support/pki-csr.ts'
import { anotherKeyOf, keyOf } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const keys: readonly (readonly [KeyAlgorithm, readonly string[]])[] = [
  ['RSA_2048', []],
  ['RSA_2048', ['-sha384']],
  ['RSA_2048', ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1', '-sha256']],
  ['ECDSA_P256', []],
  ['ECDSA_P384', ['-sha384']],
  ['ECDSA_P521', ['-sha512']],
  ['ED25519', []],
]

const request = (algorithm: KeyAlgorithm, ...more: readonly string[]) =>
  openssl(
    { 'key.pem': keyOf(algorithm).privateKey.export({ format: 'pem', type: 'pkcs8' }) },
    ...['req', '-new', '-key', 'key.pem', '-utf8', '-subj', '/C=DE/O=Müller GmbH/CN=a.example'],
    ...more,
  ).stdout

describe('a request from OpenSSL', () => {
  it.each(keys)('with a key %s is read (%j)', (algorithm, options) => {
    const pem = request(
      algorithm,
      ...options,
      '-addext',
      'subjectAltName=DNS:A.example,DNS:*.b.example,IP:192.0.2.1,IP:2001:DB8::1,URI:spiffe://c.example/d,email:E@F.example',
    )
    const csr = readCsr(pem)
    expect(csr.subject).toEqual([
      { type: 'C', value: 'DE' },
      { type: 'O', value: 'Müller GmbH' },
      { type: 'CN', value: 'a.example' },
    ])
    expect(csr.subject_alternative_names).toEqual([
      { type: 'dns', value: 'a.example' },
      { type: 'dns', value: '*.b.example' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'ip', value: '2001:db8::1' },
      { type: 'uri', value: 'spiffe://c.example/d' },
      { type: 'email', value: 'E@f.example' },
    ])
    expect(csr.public_key.algorithm).toBe(algorithm)
    const spki = Buffer.from(csr.public_key.spki, 'base64')
    expect(csr.public_key.spki_sha256).toBe(createHash('sha256').update(spki).digest('hex'))
    expect(openssl({ 'a.pem': pem }, 'req', '-in', 'a.pem', '-noout', '-pubkey').stdout).toContain(
      csr.public_key.spki.slice(0, 64),
    )
  })

  it('says which other extensions it asks for, and whether they would make a CA', () => {
    const plain = request(
      'ED25519',
      '-addext',
      'keyUsage=digitalSignature',
      '-addext',
      'extendedKeyUsage=serverAuth',
      '-addext',
      'basicConstraints=CA:FALSE',
    )
    expect(readCsr(plain)).toMatchObject({
      requested_extensions: ['2.5.29.15', '2.5.29.37', '2.5.29.19'],
      requests_ca: false,
      subject_alternative_names: [],
    })
    for (const wanted of [
      'basicConstraints=critical,CA:TRUE,pathlen:0',
      'keyUsage=keyCertSign',
      'keyUsage=cRLSign',
    ]) {
      expect(readCsr(request('ED25519', '-addext', wanted)).requests_ca).toBe(true)
    }
  })

  it('signed with SHA-1 is refused', () => {
    expect(refusalOf(() => readCsr(request('RSA_2048', '-sha1'))).code).toBe('csr_signature_invalid')
  })
})

describe('a request', () => {
  const der = csrOf({ attributes: [extensionRequest(dnsNames('a.example'))] })

  it('is the same as DER, as base64 and as PEM under either label, in text or in octets', () => {
    const base64 = Buffer.from(der).toString('base64')
    const forms = [
      der,
      Buffer.from(der),
      base64,
      `\n${base64}\n`,
      encodePem('CERTIFICATE REQUEST', der),
      encodePem('NEW CERTIFICATE REQUEST', der).replaceAll('\n', '\r\n'),
      Buffer.from(encodePem('CERTIFICATE REQUEST', der)),
    ]
    for (const form of forms) expect(readCsr(form)).toEqual(readCsr(der))
    expect(readCsr(der).der).toEqual(new Uint8Array(der))
  })

  it('may leave out its attributes, and may have attributes that ask for nothing', () => {
    expect(readCsr(csrOf()).subject_alternative_names).toEqual([])
    const challenge = attribute('1.2.840.113549.1.9.7', commonName('secret'))
    expect(readCsr(csrOf({ attributes: [challenge] })).requested_extensions).toEqual([])
  })

  const names = extensionRequest(dnsNames('a.example'))

  it.each([
    ['version 2', csrOf({ version: number(1) }), /version/],
    ['something after its end', Buffer.concat([der, Buffer.of(0)]), /follows/],
    ['attributes of one type twice', csrOf({ attributes: [names, names] }), /there twice/],
    [
      'one extension twice',
      csrOf({ attributes: [extensionRequest(dnsNames('a.example'), dnsNames('b.example'))] }),
      /2\.5\.29\.17 is there twice/,
    ],
    [
      'two lists of extensions in one attribute',
      csrOf({
        attributes: [attribute('1.2.840.113549.1.9.14', sequence(dnsNames('a.example')), sequence())],
      }),
      /one value/,
    ],
    ['an empty list of extensions', csrOf({ attributes: [extensionRequest()] }), /empty/],
    [
      'a critical flag that is FALSE',
      csrOf({ attributes: [extensionRequest(extension('2.5.29.15', namedBits([0]), boolean(false)))] }),
      /default/,
    ],
    [
      'CA:FALSE written out',
      csrOf({ attributes: [extensionRequest(extension('2.5.29.19', sequence(boolean(false))))] }),
      /default/,
    ],
    [
      'a BOOLEAN of 0x01',
      csrOf({ attributes: [extensionRequest(extension('2.5.29.19', sequence(Uint8Array.of(1, 1, 1))))] }),
      /BOOLEAN/,
    ],
    [
      'extensions in the attribute of another vendor',
      csrOf({ attributes: [attribute('1.3.6.1.4.1.311.2.1.14', sequence(dnsNames('a.example')))] }),
      /instead of/,
    ],
    [
      'a name twice',
      csrOf({ attributes: [extensionRequest(dnsNames('a.example', 'A.EXAMPLE'))] }),
      /there twice/,
    ],
    ['no name in its SAN', csrOf({ attributes: [extensionRequest(dnsNames())] }), /empty/],
    ['a NUL in a name', csrOf({ attributes: [extensionRequest(dnsNames('a.example\0.b'))] }), /label/],
    ['an escape sequence in its subject', csrOf({ subject: commonName('a\u001b[31m') }), /control/],
    ['bidirectional text in its subject', csrOf({ subject: commonName('a\u202egpj') }), /control/],
    [
      'an attribute of the subject that is not ours',
      csrOf({ subject: sequence(rdn('2.5.4.12', 0x0c, 'Dr')) }),
      /2\.5\.4\.12/,
    ],
    ['a signature in eighths', csrOf({ unusedBits: 1 }), /whole octets/],
    ['no octets', new Uint8Array(), /./],
    ['no text', '', /base64/],
    ['another label', encodePem('CERTIFICATE', der), /labelled/],
    ['a second request after the first', encodePem('CERTIFICATE REQUEST', der).repeat(2), /base64/],
    ['text before the request', `hello\n${encodePem('CERTIFICATE REQUEST', der)}`, /base64/],
    ['base64 without its padding', 'MAA', /base64/],
    ['base64 with stray bits', 'MAB=', /base64/],
  ])('with %s is malformed', (_, input, detail) => {
    const refused = refusalOf(() => readCsr(input))
    expect(refused.code).toBe('csr_malformed')
    expect(refused.detail).toMatch(detail)
  })

  const rsa = keyOf('RSA_2048')

  it.each([
    ['another key', csrOf({ privateKey: anotherKeyOf('ECDSA_P256').privateKey })],
    ['the algorithm of another kind of key', csrOf({ identifier: rsaSha256 })],
    ['another hash than it says', csrOf({ hash: 'sha384' })],
    ['SHA-1', csrOf({ spki: rsa.spki, privateKey: rsa.privateKey, identifier: rsaSha1, hash: 'sha1' })],
    ['nothing', csrOf({ signature: new Uint8Array() })],
    ['rubbish', csrOf({ signature: new Uint8Array(70).fill(0x30) })],
    ['zeros', csrOf({ signature: sequence(number(0), number(0)) })],
  ])('signed by %s proves no possession', (_, input) => {
    expect(refusalOf(() => readCsr(input)).code).toBe('csr_signature_invalid')
  })

  it('of more than 16 KB is too large, however it comes', () => {
    const large = csrOf({
      attributes: [attribute('1.2.840.113549.1.9.7', explicit(0, new Uint8Array(17_000)))],
    })
    for (const input of [
      large,
      encodePem('CERTIFICATE REQUEST', large),
      Buffer.from(large).toString('base64'),
      'M'.repeat(1_000_000),
      Buffer.alloc(1_000_000, 0x30),
      '-----BEGIN CERTIFICATE REQUEST-----'.repeat(40_000),
    ]) {
      expect(refusalOf(() => readCsr(input)).code).toBe('csr_too_large')
    }
  })
})

describe('a hostile request', () => {
  const attributes = [
    extensionRequest(
      dnsNames('a.example', '*.b.example'),
      extension('2.5.29.15', namedBits([0, 2]), boolean(true)),
      extension('2.5.29.19', sequence()),
    ),
  ]
  const whole = csrOf({
    subject: sequence(rdn('2.5.4.6', 0x13, 'DE'), rdn('2.5.4.3', 0x0c, 'a.example')),
    attributes,
  })

  const isRefused = (input: Uint8Array | string) => refusalOf(() => readCsr(input)).code

  it('is refused at every length that it is cut to', () => {
    for (let length = 0; length < whole.length; length++)
      expect(isRefused(whole.subarray(0, length))).toBe('csr_malformed')
  })

  it('is refused with any one bit turned over', () => {
    const codes = new Set<string>()
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const turned = Uint8Array.from(whole)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      codes.add(isRefused(turned))
    }
    expect([...codes].every((code) => code.startsWith('csr_'))).toBe(true)
  })

  it('is refused whatever octets are overwritten, inserted or removed', () => {
    const edit = fc.record({
      at: fc.nat(whole.length),
      remove: fc.nat(8),
      insert: fc.uint8Array({ maxLength: 8 }),
    })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const edited = edits.reduce<Buffer>(
          (octets, { at, remove, insert }) =>
            Buffer.concat([octets.subarray(0, at), insert, octets.subarray(at + remove)]),
          Buffer.from(whole),
        )
        fc.pre(!edited.equals(Buffer.from(whole)))
        expect(isRefused(edited)).toMatch(/^csr_/)
      }),
      { numRuns: 1000 },
    )
  })

  it('is refused when it is any text or octets at all', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 300 }),
          fc.base64String({ maxLength: 300 }),
          fc.uint8Array({ maxLength: 300 }),
        ),
        (input) => {
          expect(isRefused(input)).toMatch(/^csr_/)
        },
      ),
      { numRuns: 1000 },
    )
  })

  const nested = (tag: number, depth: number) => {
    // innermost first, each level with the shortest length that holds it
    const levels: Buffer[] = []
    for (let level = 0, length = 0; level < depth; level++) {
      const header =
        length < 128
          ? [tag, length]
          : length < 256
            ? [tag, 0x81, length]
            : [tag, 0x82, length >> 8, length & 255]
      levels.push(Buffer.from(header))
      length += header.length
    }
    return Buffer.concat(levels.reverse())
  }

  it.each([
    ['nested 4,000 deep', nested(0x30, 4000)],
    ['nested 4,000 deep in context tags', nested(0xa0, 4000)],
    ['nested 10,000 deep', nested(0x30, 10_000)],
    ['with nesting in its attributes', csrOf({ attributes: [attribute('1.2.3', nested(0x30, 2000))] })],
    ['with indefinite lengths', Buffer.from('3080'.repeat(4000), 'hex')],
    ['with a length of 4 GB', Buffer.from(`3084ffffffff${'00'.repeat(100)}`, 'hex')],
    ['with a length of 2^1008', Buffer.from(`30fe${'ff'.repeat(126)}`, 'hex')],
    ['of a thousand empty elements', Buffer.from(`30820fa0${'3000'.repeat(2000)}`, 'hex')],
  ])('%s is refused without delay', (_, input) => {
    const start = performance.now()
    expect(isRefused(input)).toMatch(/^csr_(malformed|too_large)$/)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('never changes what it was read from', () => {
    const copy = Uint8Array.from(whole)
    readCsr(whole)
    expect(whole).toEqual(copy)
    expect(() => readCsr(Buffer.alloc(20_000))).toThrow(Refusal)
  })
})

import { describe, expect, it } from 'vitest'
import { planLeaf } from '../../../lib/flows/plan-certificate.ts'
import type { GeneralName } from '../../../lib/model/names.ts'
import { secondsOf } from '../../../lib/model/time.ts'
import { readCsr } from '../../../lib/pki/csr.ts'
import { intermediateOf, issue, pemOf, rootOf } from '../../support/pki-chain.ts'
import { anotherKeyOf, keyOf } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { documentWith, requestFor } from '../../support/profile-requests.ts'

const root = rootOf([{ type: 'CN', value: 'Root' }], keyOf('ECDSA_P384'), 'ECDSA_SHA_384')
const issuing = intermediateOf(root, [{ type: 'CN', value: 'Issuing' }], {
  key: anotherKeyOf('ECDSA_P256'),
  signing_algorithm: 'ECDSA_SHA_256',
})

const www: readonly GeneralName[] = [{ type: 'dns', value: 'www.example.com' }]
const dns = { dns: { domains: ['example.com'], wildcards: true } }

type Kind = {
  readonly kind: string
  readonly profile?: object
  readonly request?: Partial<Parameters<typeof requestFor>[0]>
  readonly shows?: RegExp
}

const kinds: readonly Kind[] = [
  { kind: 'an ECDSA key' },
  { kind: 'an ECDSA key on P-384', request: { key: 'ECDSA_P384' }, shows: /P-384/ },
  { kind: 'an ECDSA key on P-521', request: { key: 'ECDSA_P521' }, shows: /P-521/ },
  { kind: 'an RSA key of 3072 bits', request: { key: 'RSA_3072' }, shows: /3072 bit/ },
  { kind: 'an RSA key of 4096 bits', request: { key: 'RSA_4096' }, shows: /4096 bit/ },
  { kind: 'an RSA key', request: { key: 'RSA_2048' }, shows: /Key Encipherment/ },
  { kind: 'an Ed25519 key', request: { key: 'ED25519' }, shows: /ED25519/ },
  { kind: 'a common name', request: { subject: [{ type: 'CN', value: 'www.example.com' }] } },
  {
    kind: 'a wildcard',
    request: { names: [{ type: 'dns', value: '*.example.com' }] },
    shows: /DNS:\*\.example\.com/,
  },
  {
    kind: 'addresses of both families',
    profile: { subject_alternative_names: { ip: { ranges: ['10.0.0.0/8', '2001:db8::/32'] } } },
    request: {
      names: [
        { type: 'ip', value: '10.0.0.1' },
        { type: 'ip', value: '2001:db8::1' },
      ],
    },
    shows: /IP Address:10\.0\.0\.1, IP Address:2001:DB8/,
  },
  {
    kind: 'a SPIFFE ID',
    profile: {
      subject_alternative_names: { uri: { spiffe_trust_domains: ['example.org'] } },
      extended_key_usage: ['serverAuth', 'clientAuth'],
    },
    request: { names: [{ type: 'uri', value: 'spiffe://example.org/ns/a/sa/b' }] },
    shows: /URI:spiffe:\/\/example\.org\/ns\/a\/sa\/b/,
  },
  {
    kind: 'a mailbox',
    profile: {
      subject_alternative_names: { email: { domains: ['example.com'] } },
      extended_key_usage: ['serverAuth', 'emailProtection'],
    },
    request: { names: [{ type: 'email', value: 'a@example.com' }] },
    shows: /email:a@example\.com/,
  },
  {
    kind: 'policies',
    profile: { policies: ['2.23.140.1.2.2', '1.3.6.1.4.1.99999.1'] },
    shows: /Policy: 2\.23\.140\.1\.2\.2\s+Policy: 1\.3\.6\.1\.4\.1\.99999\.1/,
  },
  { kind: 'must-staple', profile: { must_staple: true }, shows: /TLS Feature:\s+status_request/ },
  {
    kind: 'minutes to live',
    profile: { validity: { default: 'PT10M', max: 'PT30M' } },
    shows: /2\.5\.29\.56|No Revocation Available/,
  },
  {
    kind: 'the key usages of its profile',
    profile: { key_usage: { ec: ['digitalSignature', 'keyAgreement'] } },
    shows: /Digital Signature, Key Agreement/,
  },
]

describe('a leaf with', () => {
  it.each(kinds)('$kind is verified by OpenSSL as strictly as it can', ({ profile, request, shows }) => {
    const document = documentWith({ subject_alternative_names: dns, ...profile })
    const csr = readCsr(requestFor({ names: www, ...request }))
    const lifetime = secondsOf(document.validity.default)
    const asked = { csr, document, issuer: issuing.facts, lifetime }
    const leaf = issue(planLeaf(asked, 'http://pki.example.com', '5a'.repeat(20)), issuing.key)
    const files = { 'root.pem': root.pem, 'ca.pem': issuing.pem, 'leaf.pem': pemOf(leaf) }
    const chain = ['-CAfile', 'root.pem', '-untrusted', 'ca.pem', 'leaf.pem']
    const { stdout, stderr } = openssl(files, 'verify', '-x509_strict', '-purpose', 'sslserver', ...chain)
    expect(stdout + stderr).toBe('leaf.pem: OK\n')
    const text = openssl(files, 'x509', '-in', 'leaf.pem', '-noout', '-text').stdout
    expect(text).toMatch(shows ?? /www\.example\.com/)
  })
})

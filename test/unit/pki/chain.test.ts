import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type SigningAlgorithm, signingAlgorithms } from '../../../lib/model/algorithms.ts'
import { intermediateOf, issue, pemOf, rootOf } from '../../support/pki-chain.ts'
import { anotherKeyOf, keyOf, publicKeyFor, signerFor } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { planWith } from '../../support/pki-plans.ts'

const root = rootOf(
  [
    { type: 'O', value: 'Example' },
    { type: 'CN', value: 'Root' },
  ],
  keyOf('ECDSA_P384'),
  'ECDSA_SHA_384',
)

const chainFor = (signing_algorithm: SigningAlgorithm) =>
  intermediateOf(root, [{ type: 'CN', value: 'Issuing' }], {
    key: anotherKeyOf(signerFor[signing_algorithm]),
    signing_algorithm,
  })

const issuing = chainFor('ECDSA_SHA_256')

const verify = (leaf: Uint8Array, purpose: string, ...more: readonly string[]) =>
  openssl(
    { 'root.pem': root.pem, 'issuing.pem': issuing.pem, 'leaf.pem': pemOf(leaf) },
    'verify',
    '-x509_strict',
    '-purpose',
    purpose,
    ...more,
    '-CAfile',
    'root.pem',
    '-untrusted',
    'issuing.pem',
    'leaf.pem',
  )

const leaf = issue(planWith({ issuer: issuing.facts }), issuing.key)

describe('a chain of root, intermediate and leaf', () => {
  it.each(signingAlgorithms)('signed by %s is valid to OpenSSL in its strictest', (signing_algorithm) => {
    const authority = chainFor(signing_algorithm)
    const der = issue(planWith({ issuer: authority.facts }), authority.key)
    const { stdout, stderr } = openssl(
      { 'root.pem': root.pem, 'issuing.pem': authority.pem, 'leaf.pem': pemOf(der) },
      'verify',
      '-x509_strict',
      '-check_ss_sig',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'www.example.com',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuing.pem',
      'leaf.pem',
    )
    expect(stdout + stderr).toBe('leaf.pem: OK\n')
  })

  it.each(['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECDSA_P256', 'ECDSA_P384', 'ECDSA_P521', 'ED25519'] as const)(
    'is valid for a leaf with a key %s',
    (algorithm) => {
      const key_usage = algorithm.startsWith('RSA')
        ? (['digitalSignature', 'keyEncipherment'] as const)
        : (['digitalSignature'] as const)
      const plan = planWith({
        issuer: issuing.facts,
        public_key: publicKeyFor(algorithm),
        key_usage: [...key_usage],
        subject: [],
      })
      expect(verify(issue(plan, issuing.key), 'sslserver').stdout).toBe('leaf.pem: OK\n')
    },
  )

  it.each([
    ['clientAuth', 'sslclient'],
    ['emailProtection', 'smimesign'],
    ['timeStamping', 'timestampsign'],
    ['OCSPSigning', 'ocsphelper'],
  ] as const)('is valid for a leaf for %s', (purpose, name) => {
    const plan = planWith({
      issuer: issuing.facts,
      extended_key_usage: [purpose],
      ocsp_no_check: purpose === 'OCSPSigning',
    })
    expect(verify(issue(plan, issuing.key), name).stdout).toBe('leaf.pem: OK\n')
  })

  it('is not valid for another purpose, another name, or a leaf that plays CA', () => {
    expect(verify(leaf, 'sslclient').stderr).toContain('unsuitable certificate purpose')
    expect(verify(leaf, 'sslserver', '-verify_hostname', 'other.example').stderr).toContain(
      'hostname mismatch',
    )
    expect(
      openssl({ 'root.pem': root.pem, 'leaf.pem': pemOf(leaf) }, 'verify', '-CAfile', 'root.pem', 'leaf.pem')
        .status,
    ).not.toBe(0)
  })

  it('is one chain to node:crypto as well', () => {
    const [top, middle, end] = [root.der, issuing.der, leaf].map((der) => new X509Certificate(der))
    expect(end?.checkIssued(middle as X509Certificate)).toBe(true)
    expect(middle?.checkIssued(top as X509Certificate)).toBe(true)
    expect(top?.checkIssued(top)).toBe(true)
    expect(top?.checkIssued(middle as X509Certificate)).toBe(false)
  })
})

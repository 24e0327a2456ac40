import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reading } from '../../../lib/pki/der-reader.ts'
import { decodePem, encodePem } from '../../../lib/pki/pem.ts'
import { rootOf } from '../../support/pki-chain.ts'
import { keyOf } from '../../support/pki-keys.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const decode = (text: string) => reading('csr_malformed', () => decodePem(text, ['CERTIFICATE'], 'it'))

describe('PEM', () => {
  it('decodes to what was encoded, with any line ends and with none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (octets) => {
        const text = encodePem('CERTIFICATE', octets)
        expect(decode(text)).toEqual(octets)
        expect(decode(text.replaceAll('\n', '\r\n'))).toEqual(octets)
        expect(decode(Buffer.from(octets).toString('base64'))).toEqual(octets)
        expect(text.split('\n').every((line) => line.length <= 64)).toBe(true)
      }),
    )
  })

  it('is what node:crypto writes', () => {
    const { der, pem } = rootOf([{ type: 'CN', value: 'a' }], keyOf('ECDSA_P256'), 'ECDSA_SHA_256')
    expect(pem).toBe(new X509Certificate(der).toString())
  })

  const good = encodePem('CERTIFICATE', Uint8Array.of(1, 2, 3))

  it.each([
    ['nothing', ''],
    ['no end line', '-----BEGIN CERTIFICATE-----\nAQID\n'],
    ['another end line', '-----BEGIN CERTIFICATE-----\nAQID\n-----END X509 CRL-----'],
    ['another label', encodePem('X509 CRL', Uint8Array.of(1))],
    ['text before', `subject=a\n${good}`],
    ['text after', `${good}x`],
    ['two blocks', good + good],
    ['headers', good.replace('AQID', 'Proc-Type: 4,ENCRYPTED\n\nAQID')],
    ['base64url', good.replace('AQID', 'AQ-_')],
    ['an empty block', good.replace('AQID', '')],
    ['letters after the padding', good.replace('AQID', 'AQ==ID')],
    ['only its first line', '-----BEGIN CERTIFICATE-----'],
  ])('with %s is malformed', (_, text) => {
    expect(refusalOf(() => decode(text)).code).toBe('csr_malformed')
  })
})

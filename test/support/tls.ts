import { generateKeyPairSync } from 'node:crypto'
import { opensslOutput } from './pki-openssl.ts'

/** A key and a certificate for a host name that it signed itself, PEM. */
export function selfSigned(host: string): { readonly key: string; readonly cert: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  const args = ['req', '-x509', '-key', 'key.pem', '-days', '1', '-out', 'cert.pem', ...names]
  return { key, cert: Buffer.from(opensslOutput({ 'key.pem': key }, 'cert.pem', ...args)).toString() }
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { openssl } from '../../scripts/local/openssl.ts'
import { as, stack } from './stack.ts'

export const keyKinds = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'RSA 2048': ['-newkey', 'rsa:2048'],
} as const

/** A new key, and a CSR made of it by `openssl req`, PEM. */
export async function opensslRequest(
  folder: string,
  dns: string,
  kind: keyof typeof keyKinds,
): Promise<string> {
  const csr = join(folder, `${dns}.csr`)
  await openssl(
    'req',
    ...['-new', '-nodes', ...keyKinds[kind]],
    ...['-keyout', join(folder, `${dns}.key`), '-out', csr],
    ...['-subj', `/O=Example/CN=${dns}`, '-addext', `subjectAltName=DNS:${dns}`],
  )
  return readFileSync(csr, 'utf8')
}

/** A certificate and those above it, as files. */
export type Files = {
  readonly folder: string
  readonly leaf: string
  readonly issuer: string
  readonly root: string
}

/** The newest version of a certificate, its issuer and the root, as files for OpenSSL. */
export async function filesOf(certificate_id: string, folder: string): Promise<Files> {
  const alice = as('alice')
  const chain = await alice.get(`/certificates/${certificate_id}/chain.pem`)
  if (chain.status !== 200) throw new Error(`chain.pem: ${chain.status} ${chain.text}`)
  const root = await alice.expect(z.object({ chain_pem: z.string() }), 200, alice.get('/issuers/iss-root'))
  const [leaf = '', ...above] = chain.text.split(/(?<=-----END CERTIFICATE-----\n)/)
  const files = {
    folder,
    leaf: join(folder, 'leaf.pem'),
    issuer: join(folder, 'issuer.pem'),
    root: join(folder, 'root.pem'),
  }
  writeFileSync(files.leaf, leaf)
  writeFileSync(files.issuer, above.join(''))
  writeFileSync(files.root, root.chain_pem)
  return files
}

/** Where an issuer is on the status site. */
export const statusUrl = (kind: 'crl' | 'ocsp' | 'ca', issuer_id: string): string =>
  `${stack.status_url}/.well-known/pki/${kind}/${issuer_id}`

export async function fetched(url: string, init: RequestInit = {}) {
  const answer = await fetch(url, init)
  return {
    status: answer.status,
    content_type: answer.headers.get('content-type'),
    cache_control: answer.headers.get('cache-control'),
    body: Buffer.from(await answer.arrayBuffer()),
  }
}

/** The list of an issuer as PEM for OpenSSL. */
export async function crlFile(issuer_id: string, folder: string): Promise<string> {
  const { status, body } = await fetched(statusUrl('crl', issuer_id))
  if (status !== 200) throw new Error(`CRL of ${issuer_id}: ${status}`)
  const file = join(folder, `${issuer_id}.crl`)
  writeFileSync(`${file}.der`, body)
  await openssl('crl', '-inform', 'DER', '-in', `${file}.der`, '-out', file)
  return file
}

/** As a TLS client that checks everything would: chain, purpose, and every CRL. */
export async function verifyStrictly({ folder, leaf, issuer, root }: Files): Promise<string> {
  const lists = [await crlFile('iss-root', folder), await crlFile('iss-web', folder)]
  return openssl(
    'verify',
    ...['-x509_strict', '-purpose', 'sslserver', '-crl_check_all'],
    ...lists.flatMap((list) => ['-CRLfile', list]),
    ...['-CAfile', root, '-untrusted', issuer, leaf],
  )
}

export async function hexSerialOf(leaf: string): Promise<string> {
  return (await openssl('x509', '-in', leaf, '-noout', '-serial')).trim().replace(/^serial=/, '')
}

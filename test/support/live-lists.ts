import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCrl } from '../../lib/pki/crl-reader.ts'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { crlFile, fetched, hexSerialOf, statusUrl } from './live-openssl.ts'
import { as } from './stack.ts'

/** Revokes every version of a certificate, as alice. */
export async function revoke(certificate_id: string): Promise<void> {
  const asked = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason: 'superseded' })
  await jobCompleted(as('alice'), (await as('alice').expect(changed, 202, asked)).job.id)
}

/** The number of the list that is served for an issuer; none is 0. */
export async function publishedNumber(issuer_id: string): Promise<bigint> {
  const { status, body } = await fetched(statusUrl('crl', issuer_id))
  return status === 200 ? (readCrl(new Uint8Array(body)).number ?? 0n) : 0n
}

/** The CA certificate that is served for an issuer, in Base64. */
export const publishedCa = async (issuer_id: string): Promise<string> =>
  (await fetched(statusUrl('ca', issuer_id))).body.toString('base64')

/** Whether the list of iss-web has a certificate, a file of PEM, as OpenSSL reads both. */
export async function isListed(leaf: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-list-'))
  try {
    const list = await openssl('crl', '-in', await crlFile('iss-web', folder), '-noout', '-text')
    return list.includes(await hexSerialOf(leaf))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Waits until the list of iss-web has a certificate. */
export const listed = (leaf: string): Promise<boolean> =>
  eventually(`${leaf} on the list`, async () =>
    (await isListed(leaf)) ? { found: true } : { seen: 'not yet' },
  )

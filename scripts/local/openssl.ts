import { execFile } from 'node:child_process'
import { Unexpected } from './unexpected.ts'

/**
 * Runs OpenSSL and returns all it says; where it fails, that is unexpected.
 * Not synchronously: what it fetches may be served by this very process.
 */
export function openssl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('openssl', args, { timeout: 30_000 }, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`
      if (error === null) resolve(said)
      else reject(new Unexpected(`openssl ${args[0]} to succeed`, said.trim() || error.message))
    })
  })
}

/** A new P-256 key and a request for one DNS name. */
export async function makeRequest(folder: string, dns: string): Promise<string> {
  const csr = `${folder}/${dns}.csr`
  await openssl(
    'req',
    '-new',
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', `${folder}/${dns}.key`, '-out', csr],
    ...['-subj', `/O=Example/CN=${dns}`, '-addext', `subjectAltName=DNS:${dns}`],
  )
  return csr
}

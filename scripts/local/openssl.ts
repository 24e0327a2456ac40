import { spawnSync } from 'node:child_process'
import { Unexpected } from './unexpected.ts'

/** Runs OpenSSL and returns all it says; where it fails, that is unexpected. */
export function openssl(...args: readonly string[]): string {
  const { stdout, stderr, status, error } = spawnSync('openssl', [...args], { encoding: 'utf8' })
  if (error) throw new Unexpected('OpenSSL on this machine', error.message)
  if (status !== 0) throw new Unexpected(`openssl ${args[0]} to succeed`, `${stdout}${stderr}`.trim())
  return `${stdout}${stderr}`
}

/** A new P-256 key and a request for one DNS name. */
export function makeRequest(folder: string, dns: string): string {
  const csr = `${folder}/${dns}.csr`
  openssl(
    'req',
    '-new',
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', `${folder}/${dns}.key`, '-out', csr],
    ...['-subj', `/O=Example/CN=${dns}`, '-addext', `subjectAltName=DNS:${dns}`],
  )
  return csr
}

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from '../../scripts/local/folders.ts'
import { as, stack } from './stack.ts'

/** What an auditor keeps: the public keys of receipts, and what proves a certificate. Paths of files. */
export type Proof = { readonly jwks: string; readonly bundle: string }

/** Fetches into a folder what proves the first version of a certificate. */
export async function proofOf(certificate_id: string, folder: string): Promise<Proof> {
  const proof = { jwks: join(folder, 'jwks.json'), bundle: join(folder, `${certificate_id}.json`) }
  const jwks = await fetch(`${stack.api_url}/.well-known/countersign/jwks.json`)
  writeFileSync(proof.jwks, await jwks.text())
  const evidence = await as('dave').get(`/certificates/${certificate_id}/versions/1/evidence`)
  writeFileSync(proof.bundle, evidence.text)
  return proof
}

/** What `verify-receipt` says of a proof, without the stack; it fails where the proof does not hold. */
export async function proven({ jwks, bundle }: Proof): Promise<string> {
  const args = [join(repository, 'scripts/verify-receipt.ts'), bundle, '--jwks', jwks]
  return (await promisify(execFile)(process.execPath, args, { env: {} })).stdout
}

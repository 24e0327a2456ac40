import { sha256 } from '../model/digest.ts'
import { isTerminal } from '../model/job.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { RenewalFile } from '../ports/renewals.ts'

/** The CSR that a renewal certifies, and who brought it, where that is on record. */
export type CsrSource = {
  readonly csr: string | Uint8Array
  readonly by: string | null
  /** Whether it was brought ahead, and is used up by this renewal. */
  readonly ahead: boolean
}

/** A CSR brought ahead serves one renewal; one that came to nothing gives it back. */
const isFree = async (jobs: Pick<Jobs, 'load'>, used_by: string | null): Promise<boolean> => {
  if (used_by === null) return true
  const file = await jobs.load(used_by)
  if (file === null || 'unreadable' in file) return false
  return isTerminal(file.job.status) && file.job.status !== 'Completed'
}

/**
 * Where the CSR of a renewal comes from when nobody sends one: what was
 * brought ahead; else the last one, where the profile lets a key be certified
 * again; else nowhere.
 */
export const csrFor = async (
  jobs: Pick<Jobs, 'load'>,
  { renewal, next_csr, newest }: RenewalFile,
  document: ProfileDocument,
): Promise<CsrSource | null> => {
  if (next_csr !== null && (await isFree(jobs, next_csr.used_by)))
    return { csr: Buffer.from(next_csr.csr, 'base64'), by: next_csr.uploaded_by, ahead: true }
  if (newest === null || !document.allow_key_reuse) return null
  return { csr: Buffer.from(newest.csr, 'base64'), by: renewal?.csr_by ?? null, ahead: false }
}

/** Refuses (`certificate_not_renewable`) a key that a version had before, where the profile wants a new one. */
export const demandNewKey = async (
  certificates: Pick<Certificates, 'load'>,
  { certificate_id, spki_sha256 }: { readonly certificate_id: string; readonly spki_sha256: string },
  document: ProfileDocument,
): Promise<void> => {
  if (document.allow_key_reuse) return
  const { versions = [] } = (await certificates.load(certificate_id)) ?? {}
  const had = versions.some(
    ({ der }) => sha256(readCertificate(Buffer.from(der, 'base64')).spki) === spki_sha256,
  )
  if (had)
    throw new Refusal(
      'certificate_not_renewable',
      'the profile requires a new key, and this CSR has an old one',
    )
}

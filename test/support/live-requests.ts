import { randomBytes } from 'node:crypto'
import type * as z from 'zod'
import { encodePem } from '../../lib/pki/pem.ts'
import { type Api, changed, jobCompleted, requested } from '../../scripts/local/api.ts'
import { commonName, csrOf, dnsNames, extensionRequest } from './pki-csr.ts'
import { as } from './stack.ts'

type Requested = z.infer<typeof requested>

export type Gated = {
  readonly certificate_id: string
  readonly job_id: string
  readonly approval_id: string
}

export type Ungated = Omit<Gated, 'approval_id'>

export const random = (octets: number): Uint8Array => new Uint8Array(randomBytes(octets))

export const suffix = (): string => randomBytes(8).toString('hex')

/** A host name that no other test asks for. */
export const newHostName = (): string => `host-${suffix()}.example.com`

/** A CSR for these host names, PEM; its common name is the first. */
export const csrFor = (...names: readonly [string, ...string[]]): string =>
  encodePem(
    'CERTIFICATE REQUEST',
    csrOf({ subject: commonName(names[0]), attributes: [extensionRequest(dnsNames(...names))] }),
  )

const gatedOf = ({ job, certificate, approval }: Requested): Gated => {
  if (approval === null) throw new Error(`job ${job.id} is not gated: ${job.status}`)
  return { certificate_id: certificate.id, job_id: job.id, approval_id: approval.id }
}

/** A certificate asked for under the gated profile, by alice unless somebody else is named. */
export async function requestGated(body: object = {}, requester: Api = as('alice')): Promise<Gated> {
  const asked = { profile_id: 'p-prod-web', csr: csrFor(newHostName()), ...body }
  return gatedOf(await requester.expect(requested, 202, requester.post('/certificates', asked)))
}

export async function requestUngated(body: object = {}, requester: Api = as('alice')): Promise<Ungated> {
  const asked = { profile_id: 'p-dev-web', csr: csrFor(newHostName()), ...body }
  const made = await requester.expect(requested, 202, requester.post('/certificates', asked))
  if (made.approval !== null) throw new Error(`job ${made.job.id} is gated`)
  return { certificate_id: made.certificate.id, job_id: made.job.id }
}

export async function requestRenewal(certificate_id: string, body?: object): Promise<Gated> {
  const alice = as('alice')
  return gatedOf(
    await alice.expect(requested, 202, alice.post(`/certificates/${certificate_id}/renew`, body)),
  )
}

export async function approve(approval_id: string, approver: Api = as('bob')): Promise<void> {
  await approver.expect(
    changed.shape.approval.unwrap(),
    200,
    approver.post(`/approvals/${approval_id}/approve`, {}),
  )
}

/** An issued certificate under the gated profile. */
export async function issueGated(body: object = {}): Promise<Gated> {
  const asked = await requestGated(body)
  await approve(asked.approval_id)
  await jobCompleted(as('alice'), asked.job_id)
  return asked
}

/** An issued certificate under the profile that is not gated. */
export async function issueUngated(body: object = {}): Promise<Ungated> {
  const asked = await requestUngated(body)
  await jobCompleted(as('alice'), asked.job_id)
  return asked
}

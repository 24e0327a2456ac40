import { encodePem } from '../../lib/pki/pem.ts'
import { commonName, csrOf, dnsNames, extensionRequest, rsaSha256 } from './pki-csr.ts'
import { anotherKeyOf, keyOf } from './pki-keys.ts'
import type { Name, World } from './world.ts'

export const day = 86_400

/** An instant, so many days from now. */
export const inDays = (world: World, days: number): string =>
  new Date(world.now().getTime() + days * day * 1000).toISOString()

/** A certificate of alice's under the gated profile, approved by bob and issued. */
export const issued = async (world: World, body: object = {}): Promise<string> => {
  const { certificate_id, approval_id } = await world.ask(body)
  await world.call('bob', 'approve', { id: approval_id })
  await world.drain()
  return certificate_id
}

export type Asked = { readonly grant_id: string; readonly job_id: string; readonly approval_id: string }

/** A grant for a certificate, asked for by alice and not yet decided: five renewals, one in thirty days, for 180. */
export const asked = async (world: World, certificate_id: string, body: object = {}): Promise<Asked> => {
  const bounds = { issuances: 5, period: 'P30D', until: inDays(world, 180), ...body }
  const { body: answer } = await world.call('alice', 'requestGrant', { id: certificate_id, body: bounds })
  return {
    grant_id: String(answer.grant_id),
    job_id: String(answer.job.id),
    approval_id: String(answer.approval.id),
  }
}

export type Granted = { readonly certificate_id: string; readonly grant_id: string; readonly job_id: string }

/** A certificate with a standing grant, both approved by bob. */
export const granted = async (world: World, body: object = {}, approver: Name = 'bob'): Promise<Granted> => {
  const certificate_id = await issued(world)
  const { grant_id, job_id, approval_id } = await asked(world, certificate_id, body)
  await world.call(approver, 'approve', { id: approval_id })
  await world.drain()
  return { certificate_id, grant_id, job_id }
}

/** Asks for a renewal, and lets nothing follow yet. */
export const renew = async (world: World, id: string, body: object = {}, who: Name = 'alice') =>
  (await world.call(who, 'renewCertificate', { id, body })).body.job

/** A CSR for these names with a key that no other has, or with an RSA key. */
export const otherKeyCsr = (kind: 'ECDSA_P256' | 'RSA_2048', ...names: readonly [string, ...string[]]) => {
  const { spki, privateKey } = kind === 'RSA_2048' ? keyOf(kind) : anotherKeyOf(kind)
  const attributes = [extensionRequest(dnsNames(...names))]
  const identifier = kind === 'RSA_2048' ? { identifier: rsaSha256 } : {}
  const der = csrOf({ subject: commonName(names[0]), attributes, spki, privateKey, ...identifier })
  return encodePem('CERTIFICATE REQUEST', der)
}

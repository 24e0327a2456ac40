import { generateKeyPairSync } from 'node:crypto'
import { sha256 } from '../model/digest.ts'
import { append, type Event, type EventDraft } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import type { Issuer } from '../model/issuer.ts'
import type { CertificatePlan } from '../model/plan.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import { periodFor, tbsCertificate } from '../pki/certificate.ts'
import { issuerSince } from '../pki/check-issuer.ts'
import { type LintedCertificate, lintCertificate } from '../pki/lint.ts'
import { newSerial } from '../pki/serial.ts'
import type { Signer } from '../ports/keys.ts'
import type { ResponderRecord, Responders, Seal } from '../ports/ocsp.ts'
import type { RevocationLists } from '../ports/revocation.ts'
import { signResponder } from './sign-certificate.ts'

export type ResponderDeps = {
  readonly responders: Responders
  readonly lists: Pick<RevocationLists, 'lastEvent' | 'record'>
  readonly signer: Signer
  readonly seal: Seal
  readonly now: Clock
  readonly random: Random
}

const lifetimeSeconds = 47 * 3600
const backdateSeconds = 3600
const renewSeconds = 24 * 3600

const planOf = (issuer: Issuer, spki: Uint8Array, random: Random): CertificatePlan => ({
  serial: newSerial(random),
  issuer: issuer.facts,
  subject: [{ type: 'CN', value: `OCSP responder of ${issuer.id}` }],
  subject_alternative_names: [],
  public_key: {
    algorithm: 'ECDSA_P256',
    spki: Buffer.from(spki).toString('base64'),
    spki_sha256: sha256(spki),
  },
  validity: { lifetime_seconds: lifetimeSeconds, backdate_seconds: backdateSeconds },
  basic_constraints: { ca: false, path_length: null },
  key_usage: ['digitalSignature'],
  extended_key_usage: ['OCSPSigning'],
  name_constraints: null,
  policies: [],
  must_staple: false,
  crl_distribution_points: [],
  ocsp: [],
  ca_issuers: [],
  no_revocation_available: false,
  ocsp_no_check: true,
})

/** On record before the CA key is used, on the chain of the issuer's lists. */
const record = async (
  deps: ResponderDeps,
  issuer: Issuer,
  linted: LintedCertificate,
): Promise<Event | null> => {
  const draft: EventDraft = {
    type: 'responder_planned',
    actor: { id: 'worker-publish-status', type: 'System' },
    resource: issuer.id,
    job: null,
    details: {
      issuer_id: issuer.id,
      serial: linted.plan.serial,
      tbs_sha256: linted.tbs_sha256,
      key: issuer.key,
      ...linted.period,
    },
  }
  const before = await deps.lists.lastEvent(issuer.id, 0)
  const [event] = append(`crl-${issuer.id}-0`, before === null ? [] : [before], [draft], deps.now())
  return event !== undefined && (await deps.lists.record(issuer.id, 0, event)) ? event : null
}

/**
 * A fresh OCSP responder (RFC 6960 §4.2.2.2): a key pair made here, its
 * certificate signed by the CA, its private key sealed so that only the OCSP
 * function can open it. Null where another publisher was faster.
 */
export const certifyResponder = async (
  deps: ResponderDeps,
  issuer: Issuer,
): Promise<ResponderRecord | null> => {
  const now = deps.now()
  const before = await deps.responders.get(issuer.id)
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const plan = planOf(issuer, pair.publicKey.export({ format: 'der', type: 'spki' }), deps.random)
  const period = periodFor(plan, now, issuerSince(issuer))
  const linted = lintCertificate(tbsCertificate(plan, period), plan, period)
  const planned = await record(deps, issuer, linted)
  if (planned === null) return null
  const issuer_spki = Buffer.from(issuer.spki, 'base64')
  const certificate = await signResponder(linted, {
    signer: deps.signer,
    key: issuer.key,
    issuer_spki,
    event_id: planned.id,
  })
  const private_key = pair.privateKey.export({ format: 'der', type: 'pkcs8' })
  const made: ResponderRecord = {
    issuer_id: issuer.id,
    version: (before?.version ?? 0) + 1,
    certificate: Buffer.from(certificate).toString('base64'),
    sealed_key: await deps.seal(private_key, `responder:${issuer.id}`),
    issuer_subject: issuer.facts.subject,
    issuer_spki: issuer.spki,
    not_after: period.not_after,
    renew_at: instantOf(later(now, renewSeconds)),
  }
  return (await deps.responders.put(made)) ? made : null
}

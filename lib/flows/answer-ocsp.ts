import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import { certIdOf, isIssuedBy, type OcspCertId } from '../pki/ocsp-cert-id.ts'
import { type OcspRequest, readOcspRequest } from '../pki/ocsp-request.ts'
import {
  assembleOcspResponse,
  type OcspAnswer,
  type OcspResponsePlan,
  ocspErrors,
  tbsResponseData,
} from '../pki/ocsp-response.ts'
import { canonicalSerial } from '../pki/serial.ts'
import type { OcspQuery, OcspReply, ResponderRecord, Responders, SerialStatuses, Unseal } from '../ports.ts'

export type OcspDeps = {
  readonly responders: Pick<Responders, 'get'>
  readonly serials: SerialStatuses
  readonly unseal: Unseal
  readonly now: Clock
  /** Told of what failed: the answer itself says no more than "try later". */
  readonly onFault: (error: unknown) => void
}

/** How long an answer is valid, and how long caches may repeat it. */
const answerSeconds = 3600
const answerMaxAge = 60

/** How many certificates one request may ask about. */
const maximumAsked = 32

const askedOf = (query: OcspQuery, responder: ResponderRecord): OcspRequest => {
  if ('der' in query) return readOcspRequest(query.der)
  const serial = canonicalSerial(query.serial)
  if (serial === null) throw new Refusal('ocsp_malformed', 'not a serial number')
  const issuer = {
    subject: Buffer.from(responder.issuer_subject, 'base64'),
    spki: Buffer.from(responder.issuer_spki, 'base64'),
  }
  return { certificate_ids: [certIdOf(issuer, serial)], nonce: null }
}

const answerFor = async (
  deps: OcspDeps,
  issuer_id: string,
  certificate_id: OcspCertId,
  now: Date,
): Promise<OcspAnswer> => {
  const found = await deps.serials.get(issuer_id, certificate_id.serial)
  const times = { this_update: instantOf(now), next_update: instantOf(later(now, answerSeconds)) }
  if (found === null) return { certificate_id, status: { status: 'unknown' }, ...times }
  if (found.status === 'good') return { certificate_id, status: { status: 'good' }, ...times }
  const revoked_at = found.revoked_at ?? times.this_update
  return { certificate_id, status: { status: 'revoked', revoked_at, reason: found.reason }, ...times }
}

const answer = async (
  deps: OcspDeps,
  issuer_id: string,
  responder: ResponderRecord,
  request: OcspRequest,
): Promise<Uint8Array> => {
  const now = new Date(Math.floor(deps.now().getTime() / 1000) * 1000)
  const certificate = Buffer.from(responder.certificate, 'base64')
  const answers = await Promise.all(request.certificate_ids.map((id) => answerFor(deps, issuer_id, id, now)))
  const plan: OcspResponsePlan = {
    responder_spki: readCertificate(certificate).spki,
    signing_algorithm: 'ECDSA_SHA_256',
    produced_at: instantOf(now),
    answers,
    nonce: request.nonce,
    certificates: [certificate],
  }
  const tbs = tbsResponseData(plan)
  return assembleOcspResponse(tbs, sign('sha256', tbs, await keyOf(deps, responder)), plan)
}

/** Opened keys, by what they were sealed as: a key is opened once in the life of a function. */
const opened = new Map<string, KeyObject>()

const keyOf = async (deps: OcspDeps, { issuer_id, sealed_key }: ResponderRecord): Promise<KeyObject> => {
  const held = opened.get(sealed_key)
  if (held !== undefined) return held
  const der = await deps.unseal(sealed_key, `responder:${issuer_id}`)
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  opened.clear()
  opened.set(sealed_key, key)
  return key
}

const uncached = (body: Uint8Array, outcome: OcspReply['outcome']): OcspReply => ({
  body,
  max_age_seconds: 0,
  outcome,
})

const answerKnown = async (
  deps: OcspDeps,
  issuer_id: string,
  responder: ResponderRecord,
  query: OcspQuery,
): Promise<OcspReply> => {
  const request = askedOf(query, responder)
  const { issuer_subject, issuer_spki } = responder
  const issuer = { subject: Buffer.from(issuer_subject, 'base64'), spki: Buffer.from(issuer_spki, 'base64') }
  if (request.certificate_ids.length > maximumAsked) return uncached(ocspErrors.malformedRequest, 'malformed')
  if (!request.certificate_ids.every((id) => isIssuedBy(id, issuer)))
    return uncached(ocspErrors.unauthorized, 'unauthorized')
  const body = await answer(deps, issuer_id, responder, request)
  return { body, max_age_seconds: request.nonce === null ? answerMaxAge : 0, outcome: 'answered' }
}

/**
 * One OCSP answer (RFC 6960 §4.2) for an issuer. What cannot be read, is about
 * another CA, or fails on our side is answered with the error that
 * RFC 6960 §2.3 has for it, never with "good".
 */
export const answerOcsp = async (deps: OcspDeps, issuer_id: string, query: OcspQuery): Promise<OcspReply> => {
  try {
    const responder = await deps.responders.get(issuer_id)
    if (responder === null) return uncached(new Uint8Array(), 'unknown_issuer')
    return await answerKnown(deps, issuer_id, responder, query)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'ocsp_malformed')
      return uncached(ocspErrors.malformedRequest, 'malformed')
    deps.onFault(error)
    return uncached(ocspErrors.tryLater, 'fault')
  }
}

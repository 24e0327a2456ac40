import { createPrivateKey, hash, type KeyObject, sign } from 'node:crypto'
import { Refusal } from '../model/refusal.ts'
import type { SerialStatus } from '../model/revocation.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import { certIdOf, isIssuedBy, type OcspIssuer } from '../pki/ocsp-cert-id.ts'
import { type OcspRequest, readOcspRequest } from '../pki/ocsp-request.ts'
import {
  assembleOcspResponse,
  type OcspResponsePlan,
  type OcspStatus,
  ocspErrors,
  tbsResponseData,
} from '../pki/ocsp-response.ts'
import { canonicalSerial } from '../pki/serial.ts'
import type {
  OcspQuery,
  OcspReply,
  ResponderRecord,
  Responders,
  SignedAnswer,
  SignedAnswers,
  Unseal,
} from '../ports/ocsp.ts'
import type { SerialStatuses } from '../ports/revocation.ts'

export type OcspDeps = {
  readonly responders: Pick<Responders, 'get'>
  readonly serials: SerialStatuses
  readonly answers: SignedAnswers
  readonly unseal: Unseal
  readonly now: Clock
  /** Whether a fault is one that passes, so that asking again later may help. */
  readonly isPassing: (error: unknown) => boolean
  /** Told of what failed: the answer itself says no more than which kind it was. */
  readonly onFault: (error: unknown) => void
}

/** How long an answer is valid, how long it is given again, and how long caches may repeat it. */
const answerSeconds = 3600
const windowSeconds = 900
const answerMaxAge = 60

/** How many responders are held open: one for each issuer that is asked about, within reason. */
const mostOpened = 64

/** How many certificates one request may ask about. */
const maximumAsked = 32

/** Issuers as CertIDs see them, read once: every question is held against one. */
const issuers = new Map<string, OcspIssuer>()

const issuerOf = ({ issuer_subject, issuer_spki }: ResponderRecord): OcspIssuer => {
  const name = `${issuer_spki} ${issuer_subject}`
  const found = issuers.get(name)
  if (found !== undefined) return found
  const made = { subject: Buffer.from(issuer_subject, 'base64'), spki: Buffer.from(issuer_spki, 'base64') }
  if (issuers.size >= mostOpened) issuers.clear()
  issuers.set(name, made)
  return made
}

const askedOf = (query: OcspQuery, responder: ResponderRecord): OcspRequest => {
  if ('der' in query) return readOcspRequest(query.der)
  const serial = canonicalSerial(query.serial)
  if (serial === null) throw new Refusal('ocsp_malformed', 'not a serial number')
  return { certificate_ids: [certIdOf(issuerOf(responder), serial)], nonce: null }
}

const statusOf = (found: SerialStatus | null): OcspStatus => {
  if (found === null) return { status: 'unknown' }
  if (found.status === 'good') return { status: 'good' }
  // A revocation always has its time; one without would still never be "good".
  return { status: 'revoked', revoked_at: found.revoked_at ?? found.not_after, reason: found.reason }
}

/** What is asked and what is known of it, read before anything is signed. */
type Question = {
  readonly issuer_id: string
  readonly responder: ResponderRecord
  readonly request: OcspRequest
  readonly found: readonly (SerialStatus | null)[]
}

const versionsOf = ({ found }: Question): readonly number[] => found.map((status) => status?.version ?? 0)

const signed = async (deps: OcspDeps, question: Question): Promise<SignedAnswer> => {
  const { responder, request, found } = question
  const now = new Date(Math.floor(deps.now().getTime() / 1000) * 1000)
  const { key, certificate, spki } = await open(deps, responder)
  const this_update = instantOf(now)
  // Nobody believes an answer whose signer has expired.
  const end = Math.min(later(now, answerSeconds).getTime(), Date.parse(responder.not_after))
  const next_update = instantOf(new Date(end))
  const plan: OcspResponsePlan = {
    responder_spki: spki,
    signing_algorithm: 'ECDSA_SHA_256',
    produced_at: this_update,
    answers: request.certificate_ids.map((certificate_id, index) => ({
      certificate_id,
      status: statusOf(found[index] ?? null),
      this_update,
      next_update,
    })),
    nonce: request.nonce,
    certificates: [certificate],
  }
  const tbs = tbsResponseData(plan)
  const body = assembleOcspResponse(tbs, sign('sha256', tbs, key), plan)
  const fresh_until = instantOf(later(now, windowSeconds))
  return { body, this_update, next_update, fresh_until, versions: versionsOf(question) }
}

/** A responder made ready: its key opened, its certificate read. */
type Opened = { readonly key: KeyObject; readonly certificate: Uint8Array; readonly spki: Uint8Array }

/** Opened responders, by their sealed keys: each is opened once in the life of a function. */
const opened = new Map<string, Opened>()

const open = async (deps: OcspDeps, record: ResponderRecord): Promise<Opened> => {
  const held = opened.get(record.sealed_key)
  if (held !== undefined) return held
  const der = await deps.unseal(record.sealed_key, `responder:${record.issuer_id}`)
  const certificate = Buffer.from(record.certificate, 'base64')
  const made = {
    key: createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }),
    certificate,
    spki: readCertificate(certificate).spki,
  }
  if (opened.size >= mostOpened) opened.clear()
  opened.set(record.sealed_key, made)
  return made
}

/** Whether an answer may be given again: in its window, and about serials that have not changed. */
const isFresh = (answer: SignedAnswer | null, question: Question, now: string): answer is SignedAnswer =>
  answer !== null &&
  now < answer.fresh_until &&
  now < answer.next_update &&
  answer.versions.join() === versionsOf(question).join()

const keyOfQuestion = ({ request }: Question): string =>
  hash('sha256', Buffer.concat(request.certificate_ids.map(({ der }) => der)), 'hex')

/**
 * Answers that are kept in this process alone: about several certificates, or
 * about serials that were never issued, of which anybody could ask for more
 * than a table should hold.
 */
const remembered = new Map<string, SignedAnswer>()
const mostRemembered = 1000

const fromMemory = async (deps: OcspDeps, question: Question): Promise<SignedAnswer> => {
  const key = `${question.issuer_id} ${question.responder.version} ${keyOfQuestion(question)}`
  const held = remembered.get(key) ?? null
  if (isFresh(held, question, instantOf(deps.now()))) return held
  const answer = await signed(deps, question)
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(key, answer)
  return answer
}

/** The kept answer, or a new one that is kept; null where the serial changed between the look and the keeping. */
const fromTable = async (
  deps: OcspDeps,
  question: Question,
  status: SerialStatus,
): Promise<SignedAnswer | null> => {
  const { issuer_id } = question
  const key = keyOfQuestion(question)
  const before = await deps.answers.get(issuer_id, key)
  if (isFresh(before, question, instantOf(deps.now()))) return before
  const answer = await signed(deps, question)
  const outcome = await deps.answers.keep({ issuer_id, serial: status.serial, key, answer, before })
  if (outcome === 'kept') return answer
  const there = outcome === 'stale' ? null : await deps.answers.get(issuer_id, key)
  return isFresh(there, question, instantOf(deps.now())) ? there : null
}

/** How often a question is asked anew because a serial changed while it was answered. */
const rounds = 4

const answerTo = async (deps: OcspDeps, asked: Omit<Question, 'found'>): Promise<SignedAnswer> => {
  const { issuer_id, request } = asked
  for (let round = 0; round < rounds; round += 1) {
    const found = await Promise.all(
      request.certificate_ids.map(({ serial }) => deps.serials.get(issuer_id, serial)),
    )
    const question = { ...asked, found }
    if (request.nonce !== null) return signed(deps, question)
    const [only, ...more] = found
    const answer =
      only === undefined || only === null || more.length > 0
        ? await fromMemory(deps, question)
        : await fromTable(deps, question, only)
    if (answer !== null) return answer
  }
  throw new Error('a serial changes faster than it can be answered for')
}

const uncached = (body: Uint8Array, outcome: OcspReply['outcome']): OcspReply => ({
  body,
  max_age_seconds: 0,
  this_update: null,
  outcome,
})

const answerKnown = async (
  deps: OcspDeps,
  issuer_id: string,
  responder: ResponderRecord,
  query: OcspQuery,
): Promise<OcspReply> => {
  const request = askedOf(query, responder)
  const issuer = issuerOf(responder)
  if (request.certificate_ids.length > maximumAsked) return uncached(ocspErrors.malformedRequest, 'malformed')
  if (!request.certificate_ids.every((id) => isIssuedBy(id, issuer)))
    return uncached(ocspErrors.unauthorized, 'unauthorized')
  if (responder.not_after <= instantOf(deps.now())) {
    deps.onFault(new Error(`the responder of ${issuer_id} has expired`))
    return uncached(ocspErrors.tryLater, 'fault')
  }
  const { body, this_update, next_update } = await answerTo(deps, { issuer_id, responder, request })
  const left = Math.floor((Date.parse(next_update) - deps.now().getTime()) / 1000)
  const max_age_seconds = request.nonce === null ? Math.max(0, Math.min(answerMaxAge, left)) : 0
  return { body, max_age_seconds, this_update, outcome: 'answered' }
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
    return uncached(deps.isPassing(error) ? ocspErrors.tryLater : ocspErrors.internalError, 'fault')
  }
}

import { execFileSync } from 'node:child_process'
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  webcrypto,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as peculiar from '@peculiar/asn1-ocsp'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate } from '@peculiar/asn1-x509'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { answerOcsp, type OcspDeps } from '../../lib/flows/answer-ocsp.ts'
import type { SerialStatus } from '../../lib/model/revocation.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { readOcspRequest } from '../../lib/pki/ocsp-request.ts'
import { assembleOcspResponse, type OcspResponsePlan, tbsResponseData } from '../../lib/pki/ocsp-response.ts'
import { decodePem } from '../../lib/pki/pem.ts'
import type { ResponderRecord, SignedAnswer } from '../../lib/ports/ocsp.ts'
import { type Figure, figuresOf, pinned, started } from './ocsp-http/measure.ts'
import { serveOcsp } from './ocsp-http/server.ts'

/** OCSP answers, parsed, built and signed, beside pkijs, @peculiar/asn1-ocsp and `openssl ocsp -port`. */

const serial = '5a00000000000000000000000000000000000001'

const openssl = (folder: string, ...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const line = (what: string, figure: string, wanted: string, holds: boolean): boolean => {
  console.log(`${holds ? ' ok ' : 'MISS'}  ${what.padEnd(58)} ${figure.padStart(14)}   wanted ${wanted}`)
  return holds
}

type Hierarchy = {
  readonly ca: Uint8Array
  readonly responder: Uint8Array
  readonly key: KeyObject
  readonly request: Uint8Array
}

const derOf = (folder: string, file: string): Uint8Array =>
  decodePem(readFileSync(join(folder, file), 'utf8'), ['CERTIFICATE'], file)

function makeHierarchy(folder: string): Hierarchy {
  for (const name of ['ca', 'responder', 'leaf']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(join(folder, `${name}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  openssl(folder, 'req', '-x509', '-key', 'ca.key', '-subj', '/CN=Bench CA', '-days', '2', '-out', 'ca.pem')
  writeFileSync(
    join(folder, 'responder.ext'),
    'extendedKeyUsage=OCSPSigning\n1.3.6.1.5.5.7.48.1.5=DER:0500\n',
  )
  for (const [name, number, more] of [
    ['responder', '0x02', ['-extfile', 'responder.ext']],
    ['leaf', `0x${serial}`, []],
  ] as const) {
    openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', number, '-days', '1']
    openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...by, ...more, '-out', `${name}.pem`)
  }
  openssl(folder, 'ocsp', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-no_nonce', '-reqout', 'leaf.req')
  return readHierarchy(folder)
}

function readHierarchy(folder: string): Hierarchy {
  return {
    ca: derOf(folder, 'ca.pem'),
    responder: derOf(folder, 'responder.pem'),
    key: createPrivateKey(readFileSync(join(folder, 'responder.key'))),
    request: new Uint8Array(readFileSync(join(folder, 'leaf.req'))),
  }
}

const window = () => {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  return { now, next: new Date(now.getTime() + 3_600_000) }
}

const ours = (
  { request: der, responder, key }: Hierarchy,
  certificates: readonly Uint8Array[] = [responder],
) => {
  const { spki } = readCertificate(responder)
  return (): Uint8Array => {
    const { certificate_ids } = readOcspRequest(der)
    const { now, next } = window()
    const times = { this_update: now.toISOString(), next_update: next.toISOString() }
    const plan: OcspResponsePlan = {
      responder_spki: spki,
      signing_algorithm: 'ECDSA_SHA_256',
      produced_at: times.this_update,
      answers: certificate_ids.map((certificate_id) => ({
        certificate_id,
        status: { status: 'good' },
        ...times,
      })),
      nonce: null,
      certificates,
    }
    const tbs = tbsResponseData(plan)
    return assembleOcspResponse(tbs, sign('sha256', tbs, key), plan)
  }
}

/** SHA-1 of the responder's public key, for those who name it so. */
const keyHashOf = (responder: Uint8Array): Buffer =>
  createHash('sha1')
    .update(
      Buffer.from(
        AsnConvert.parse(responder, Certificate).tbsCertificate.subjectPublicKeyInfo.subjectPublicKey,
      ),
    )
    .digest()

const byPeculiar = ({ request: der, responder, key }: Hierarchy) => {
  const certificate = AsnConvert.parse(responder, Certificate)
  const hash = keyHashOf(responder)
  return (): Uint8Array => {
    const asked = AsnConvert.parse(der, peculiar.OCSPRequest)
    const { now, next } = window()
    const tbs = new peculiar.ResponseData({
      responderID: new peculiar.ResponderID({ byKey: new peculiar.KeyHash(hash) }),
      producedAt: now,
      responses: [...asked.tbsRequest.requestList].map(
        ({ reqCert }) =>
          new peculiar.SingleResponse({
            certID: reqCert,
            certStatus: new peculiar.CertStatus({ good: null }),
            thisUpdate: now,
            nextUpdate: next,
          }),
      ),
    })
    const signed = Buffer.from(AsnConvert.serialize(tbs))
    const basic = new peculiar.BasicOCSPResponse({
      tbsResponseData: tbs,
      signatureAlgorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' }),
      signature: new Uint8Array(sign('sha256', signed, key)).buffer,
      certs: [certificate],
    })
    const response = new peculiar.OCSPResponse({
      responseStatus: peculiar.OCSPResponseStatus.successful,
      responseBytes: new peculiar.ResponseBytes({
        responseType: '1.3.6.1.5.5.7.48.1.1',
        response: new OctetString(AsnConvert.serialize(basic)),
      }),
    })
    return new Uint8Array(AsnConvert.serialize(response))
  }
}

const byPkijs = async ({ request: der, responder, key }: Hierarchy) => {
  const certificate = pkijs.Certificate.fromBER(responder)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const own = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
  const hash = keyHashOf(responder)
  return async (): Promise<Uint8Array> => {
    const asked = pkijs.OCSPRequest.fromBER(der)
    const { now, next } = window()
    const basic = new pkijs.BasicOCSPResponse()
    basic.tbsResponseData.responderID = new asn1js.OctetString({ valueHex: new Uint8Array(hash).buffer })
    basic.tbsResponseData.producedAt = now
    basic.certs = [certificate]
    for (const { reqCert } of asked.tbsRequest.requestList) {
      const single = new pkijs.SingleResponse({ certID: reqCert })
      single.certStatus = new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 } })
      single.thisUpdate = now
      single.nextUpdate = next
      basic.tbsResponseData.responses.push(single)
    }
    await basic.sign(own, 'SHA-256')
    const response = new pkijs.OCSPResponse({
      responseStatus: new asn1js.Enumerated({ value: 0 }),
      responseBytes: new pkijs.ResponseBytes({
        responseType: '1.3.6.1.5.5.7.48.1.1',
        response: new asn1js.OctetString({ valueHex: basic.toSchema().toBER(false) }),
      }),
    })
    return new Uint8Array(response.toSchema().toBER(false))
  }
}

const rateOnce = async (answer: () => Uint8Array | Promise<Uint8Array>): Promise<number> => {
  const begin = performance.now()
  let answers = 0
  while (performance.now() - begin < 150) {
    await answer()
    answers += 1
  }
  return answers / ((performance.now() - begin) / 1000)
}

/** Answers a second, the best of a dozen rounds in which all of them take turns: what disturbs one disturbs all. */
const ratesOf = async (
  candidates: readonly (() => Uint8Array | Promise<Uint8Array>)[],
): Promise<readonly number[]> => {
  const best = candidates.map(() => 0)
  for (let round = 0; round < 12; round += 1)
    for (const [index, answer] of candidates.entries())
      best[index] = Math.max(best[index] ?? 0, await rateOnce(answer))
  return best
}

const verify = (folder: string, name: string, answer: Uint8Array): void => {
  writeFileSync(join(folder, 'a.resp'), answer)
  const about = ['-respin', 'a.resp', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-CAfile', 'ca.pem']
  const said = execFileSync('sh', ['-c', `openssl ocsp ${about.join(' ')} 2>&1`], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (!said.includes('Response verify OK') || !said.includes('leaf.pem: good'))
    throw new Error(`${name}: ${said}`)
}

/** What the flow reads from the table, from memory: one certificate, good. */
const depsOf = ({ ca, responder, key }: Hierarchy): OcspDeps => {
  const facts = readCertificate(ca)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const record: ResponderRecord = {
    issuer_id: 'iss-bench',
    version: 1,
    certificate: base64(responder),
    sealed_key: 'sealed',
    issuer_subject: base64(facts.subject_der),
    issuer_spki: base64(facts.spki),
    not_after: readCertificate(responder).not_after,
    renew_at: readCertificate(responder).not_after,
  }
  const status: SerialStatus = {
    issuer_id: 'iss-bench',
    serial,
    version: 1,
    certificate_id: 'mc-bench',
    certificate_version: 1,
    profile_id: 'p-bench',
    owner: 'bench',
    spki_sha256: '0'.repeat(64),
    status: 'good',
    revoked_at: null,
    reason: null,
    not_after: record.not_after,
    short_lived: false,
    crl_shard: 0,
  }
  const kept = new Map<string, SignedAnswer>()
  return {
    responders: { get: async () => record },
    serials: { get: async (_, asked) => (asked === serial ? status : null) },
    answers: {
      get: async (_, of) => kept.get(of) ?? null,
      keep: async ({ key: of, answer }) => {
        kept.set(of, answer)
        return 'kept'
      },
    },
    unseal: async () => key.export({ type: 'pkcs8', format: 'der' }),
    now: () => new Date(),
    isPassing: () => false,
    onFault: (error) => console.error(error),
  }
}

/** Our responder, or one that answers the same octets to everything: what sockets alone take. */
const serve = async (folder: string, port: number, kind: string): Promise<void> => {
  const deps = depsOf(readHierarchy(folder))
  const answer = async (der: Uint8Array) => (await answerOcsp(deps, 'iss-bench', { der })).body
  const same = await answer(readFileSync(join(folder, 'leaf.req')))
  serveOcsp(port, kind === 'floor' ? async () => same : answer)
}

const nonceIn = (request: Uint8Array): string =>
  Buffer.from(readOcspRequest(request).nonce ?? []).toString('hex')

/** The certificate as it was asked for, and after it that it is good (RFC 6960 §4.2.1: `[0]`, empty). */
const goodIn = (request: Uint8Array): string =>
  `${Buffer.from(readOcspRequest(request).certificate_ids[0]?.der ?? []).toString('hex')}8000`

async function overHttp(folder: string) {
  openssl(folder, 'ocsp', '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-nonce', '-reqout', 'nonce.req')
  writeFileSync(join(folder, 'index.txt'), `V\t360101000000Z\t\t${serial.toUpperCase()}\tunknown\t/CN=leaf\n`)
  const own = (kind: string) => (port: number) => [
    process.execPath,
    import.meta.filename,
    'serve',
    folder,
    String(port),
    kind,
  ]
  const signer = ['-CA', 'ca.pem', '-rsigner', 'responder.pem', '-rkey', 'responder.key', '-ndays', '1']
  const servers = {
    ours: await started(folder, own('responder')),
    floor: await started(folder, own('floor')),
    peer: await started(folder, (port) => [
      'openssl',
      'ocsp',
      '-port',
      String(port),
      '-index',
      'index.txt',
      ...signer,
    ]),
  }
  try {
    const [leaf, nonced] = ['leaf.req', 'nonce.req'].map((name) => readFileSync(join(folder, name)))
    const plain = { request: 'leaf.req', needles: [goodIn(leaf ?? new Uint8Array())] }
    const nonce = {
      request: 'nonce.req',
      needles: [goodIn(nonced ?? new Uint8Array()), nonceIn(nonced ?? new Uint8Array())],
    }
    const { ours: mine, peer } = servers
    return {
      kept: await figuresOf(folder, servers, { ...plain, mode: 'keep' }),
      closed: await figuresOf(folder, servers, { ...plain, mode: 'close' }),
      kept_nonce: await figuresOf(folder, { ours: mine, peer }, { ...nonce, mode: 'keep' }),
      closed_nonce: await figuresOf(folder, { ours: mine, peer }, { ...nonce, mode: 'close' }),
    }
  } finally {
    for (const { stop } of Object.values(servers)) stop()
  }
}

const shown = ({ per_second, each }: Figure): string =>
  `${per_second.toFixed(0).padStart(6)}/s ${each === null ? '' : `(${each.toFixed(0)} µs of its processor each)`}`

/** What was measured, and where the time goes: the floor is our server with the same octets for every answer. */
const tell = (http: Awaited<ReturnType<typeof overHttp>>): void => {
  const cores = pinned ? 'one core for the server, another for the clients' : 'nothing pinned to a core'
  console.log(`over HTTP, 8 clients, one process a server, ${cores}; every answer checked; best of 3 × 2 s`)
  const rows = [
    ['no nonce, connections kept by whoever can', http.kept],
    ['no nonce, every connection closed', http.closed],
    ['nonce, connections kept by whoever can', http.kept_nonce],
    ['nonce, every connection closed', http.closed_nonce],
  ] as const
  for (const [what, figures] of rows) {
    const floor = 'floor' in figures ? `; sockets alone ${shown(figures.floor)}` : ''
    console.log(
      `  ${what.padEnd(42)} ours ${shown(figures.ours)}, openssl ${shown(figures.peer)}${floor}: ${(figures.ours.per_second / figures.peer.per_second).toFixed(1)} ×`,
    )
  }
  console.log(
    '  openssl ocsp closes each connection after its answer and signs every answer; ours keeps both, an answer without a nonce for 15 minutes',
  )
}

async function main(folder: string): Promise<boolean> {
  const hierarchy = makeHierarchy(folder)
  const peers = { ours: ours(hierarchy), pkijs: await byPkijs(hierarchy), peculiar: byPeculiar(hierarchy) }
  for (const [name, answer] of Object.entries(peers)) verify(folder, name, await answer())
  const message = Buffer.alloc(120, 7)
  const signature = () => sign('sha256', message, hierarchy.key)
  const rates = await ratesOf([peers.ours, peers.pkijs, peers.peculiar, signature])
  const [mine = 0, pkijsRate = 0, peculiarRate = 0, floor = 0] = rates
  const bare = ours(hierarchy, [])().length
  const whole = peers.ours().length
  const http = await overHttp(folder)
  console.log(
    `answers a second: ${mine.toFixed(0)}; pkijs ${pkijsRate.toFixed(0)}; @peculiar/asn1-ocsp ${peculiarRate.toFixed(0)}; signature alone ${floor.toFixed(0)}`,
  )
  tell(http)
  const overAll = http.kept.ours.per_second / http.kept.peer.per_second
  return [
    line('times as fast as pkijs', (mine / pkijsRate).toFixed(1), '≥ 25', mine / pkijsRate >= 25),
    line(
      'times as fast as @peculiar/asn1-ocsp',
      (mine / peculiarRate).toFixed(1),
      '≥ 7',
      mine / peculiarRate >= 7,
    ),
    line(`octets of an answer (${whole} with its responder certificate)`, `${bare}`, '≤ 320', bare <= 320),
    line('over HTTP: times as fast as openssl ocsp -port', overAll.toFixed(1), '≥ 3', overAll >= 3),
  ].every(Boolean)
}

const [mode, where = '', at = '', kind = ''] = process.argv.slice(2)
if (mode === 'serve') await serve(where, Number(at), kind)
else {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ocsp-'))
  try {
    process.exitCode = (await main(folder)) ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

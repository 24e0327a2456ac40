import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerOcsp, type OcspDeps } from '../../lib/flows/answer-ocsp.ts'
import type { SerialStatus } from '../../lib/model/revocation.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { decodePem } from '../../lib/pki/pem.ts'
import type { ResponderRecord, SignedAnswer } from '../../lib/ports/ocsp.ts'

/**
 * A cache in front of the OCSP responder that does as its headers say, and
 * 100,000 certificates asked for as the world does (Zipf), with some of them
 * revoked on the way. The bound is a cache that keeps everything for a minute.
 */
const certificates = 100_000
const requests = 300_000
const requestsPerSecond = 500
const begin = Date.now()

const openssl = (folder: string, ...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const authority = () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-edge-'))
  try {
    for (const name of ['ca', 'responder'])
      openssl(
        folder,
        'genpkey',
        '-algorithm',
        'EC',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-out',
        `${name}.key`,
      )
    openssl(folder, 'req', '-x509', '-key', 'ca.key', '-subj', '/CN=Edge CA', '-days', '2', '-out', 'ca.pem')
    writeFileSync(join(folder, 'responder.ext'), 'extendedKeyUsage=OCSPSigning\n')
    openssl(folder, 'req', '-new', '-key', 'responder.key', '-subj', '/CN=responder', '-out', 'responder.csr')
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '2', '-days', '1']
    openssl(
      folder,
      'x509',
      '-req',
      '-in',
      'responder.csr',
      ...by,
      '-extfile',
      'responder.ext',
      '-out',
      'r.pem',
    )
    const derOf = (file: string) => decodePem(readFileSync(join(folder, file), 'utf8'), ['CERTIFICATE'], file)
    const key = createPrivateKey(readFileSync(join(folder, 'responder.key')))
    return { ca: derOf('ca.pem'), responder: derOf('r.pem'), key }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same requests every time: a small generator of its own. */
const uniform = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** Ranks by Zipf's law with exponent 1, by inversion of the running sum. */
const zipf = (random: () => number) => {
  const sums = new Float64Array(certificates)
  let sum = 0
  for (let rank = 0; rank < certificates; rank += 1) {
    sum += 1 / (rank + 1)
    sums[rank] = sum
  }
  return (): number => {
    const wanted = random() * sum
    let [low, high] = [0, certificates - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

const serialOf = (rank: number): string => `5a${rank.toString(16).padStart(38, '0')}`

async function main(): Promise<boolean> {
  const { ca, responder, key } = authority()
  const facts = readCertificate(ca)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const { not_after } = readCertificate(responder)
  const record: ResponderRecord = {
    issuer_id: 'iss-edge',
    version: 1,
    certificate: base64(responder),
    sealed_key: 'edge',
    issuer_subject: base64(facts.subject_der),
    issuer_spki: base64(facts.spki),
    not_after,
    renew_at: not_after,
  }
  let now = begin
  const revoked = new Map<string, number>()
  const kept = new Map<string, SignedAnswer>()
  const deps: OcspDeps = {
    responders: { get: async () => record },
    serials: {
      get: async (issuer_id, serial): Promise<SerialStatus> => {
        const since = revoked.get(serial)
        return {
          issuer_id,
          serial,
          version: since === undefined ? 1 : 2,
          certificate_id: 'mc-edge',
          certificate_version: 1,
          profile_id: 'p-edge',
          owner: 'edge',
          spki_sha256: '0'.repeat(64),
          status: since === undefined ? 'good' : 'revoked',
          revoked_at: since === undefined ? null : new Date(since).toISOString(),
          reason: since === undefined ? null : 'keyCompromise',
          not_after,
          short_lived: false,
          crl_shard: 0,
        }
      },
    },
    answers: {
      get: async (_, of) => kept.get(of) ?? null,
      keep: async ({ key: of, answer }) => {
        kept.set(of, answer)
        return 'kept'
      },
    },
    unseal: async () => key.export({ type: 'pkcs8', format: 'der' }),
    now: () => new Date(now),
    isPassing: () => false,
    onFault: (error) => {
      throw error
    },
  }
  const random = uniform(20_260_301)
  const next = zipf(random)
  const edge = new Map<number, { readonly until: number; readonly good: boolean }>()
  const ideal = new Map<number, number>()
  let [hits, idealHits, stale, longest] = [0, 0, 0, 0]
  for (let n = 0; n < requests; n += 1) {
    now = begin + Math.round((n * 1000) / requestsPerSecond)
    const rank = next()
    if (n % 500 === 499) revoked.set(serialOf(next()), now)
    if ((ideal.get(rank) ?? 0) > now) idealHits += 1
    else ideal.set(rank, now + 60_000)
    const cached = edge.get(rank)
    const since = revoked.get(serialOf(rank))
    if (cached !== undefined && cached.until > now) {
      hits += 1
      if (cached.good && since !== undefined) longest = Math.max(longest, now - since)
    } else {
      const { max_age_seconds } = await answerOcsp(deps, 'iss-edge', { serial: serialOf(rank) })
      edge.set(rank, { until: now + max_age_seconds * 1000, good: since === undefined })
    }
    if (
      cached !== undefined &&
      cached.until > now &&
      cached.good &&
      since !== undefined &&
      now - since > 60_000
    )
      stale += 1
  }
  const ratio = hits / idealHits
  console.log(
    `${requests} requests in ${requests / requestsPerSecond} s: ${((100 * hits) / requests).toFixed(1)} % answered by the edge, bound ${((100 * idealHits) / requests).toFixed(1)} %; ${revoked.size} revoked on the way, "good" for ${(longest / 1000).toFixed(0)} s at most`,
  )
  console.log(`${ratio >= 0.98 ? ' ok ' : 'MISS'}  share of the bound ${ratio.toFixed(4)}   wanted ≥ 0.98`)
  console.log(
    `${stale === 0 ? ' ok ' : 'MISS'}  "good" beyond max-age after a revocation: ${stale}   wanted 0`,
  )
  return ratio >= 0.98 && stale === 0
}

process.exitCode = (await main()) ? 0 : 1

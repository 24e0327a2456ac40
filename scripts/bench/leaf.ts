import { createPrivateKey, createPublicKey, sign, verify, webcrypto } from 'node:crypto'
import { publicKeyOf } from '../../lib/pki/algorithms.ts'
import { assembleCertificate, tbsCertificate } from '../../lib/pki/certificate.ts'
import { assembleSigned, lintCertificate } from '../../lib/pki/lint.ts'
import { caSpki, signTbs } from './leaf/authority.ts'
import { leafMakers } from './leaf/makers.ts'

/** Makes a leaf in our way and in that of two libraries; prints ratios, all of one run. */

type Work = { readonly work: () => unknown; readonly calls: number }

/**
 * Microseconds that a call of each takes. All take turns in many rounds of a
 * millisecond each, and the best round of each counts: the noise of a shared
 * machine only ever adds. All are warm by then, ours and theirs.
 */
const microseconds = async <Name extends string>(
  works: Readonly<Record<Name, Work>>,
  rounds = 500,
): Promise<Readonly<Record<Name, number>>> => {
  for (const { work, calls } of Object.values<Work>(works))
    for (let call = 0; call < 600 * calls; call += 1) await work()
  const best = new Map<string, number>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { work, calls }] of Object.entries<Work>(works)) {
      const before = performance.now()
      for (let call = 0; call < calls; call += 1) await work()
      const took = ((performance.now() - before) * 1000) / calls
      best.set(name, Math.min(best.get(name) ?? took, took))
    }
  }
  return Object.fromEntries(best) as Record<Name, number>
}

const line = (name: string, value: number, unit: string, limit = '') =>
  console.log(`${name.padEnd(70)}${value.toFixed(2).padStart(10)} ${unit.padEnd(3)} ${limit}`)

const names = (count: number) =>
  Array.from({ length: count }, (_, index) => `${index === 0 ? 'www' : `host-${index}`}.example.com`)

/** The reference is the leaf with one name: the least that all have in common, and where a library loses least. */
const reference = await leafMakers(names(1))

const generators = async ({ ours, peculiar, pkijsLeaf }: Awaited<ReturnType<typeof leafMakers>>) =>
  microseconds({
    own: { work: ours, calls: 25 },
    theirs: { work: peculiar, calls: 1 },
    other: { work: pkijsLeaf, calls: 1 },
  })

const main = async (): Promise<number> => {
  const { keys, planned, plan, period, spki } = reference
  const tbs = tbsCertificate(plan, period)
  const signature = signTbs(tbs)
  const linted = lintCertificate(tbs, plan, period)
  const leafPublic = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const leafPrivate = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
    format: 'der',
    type: 'pkcs8',
  })
  const message = Buffer.alloc(400, 7)
  const signed = sign('sha256', message, leafPrivate)

  const made = await generators(reference)
  const took = await microseconds({
    signing: { work: () => signTbs(tbs), calls: 25 },
    verifying: { work: () => verify('sha256', message, leafPublic, signed), calls: 8 },
    proof: {
      // What a request makes necessary whoever reads it: its key is in it, and was never seen before. It is read
      // in the quickest way that node:crypto has, which is ours.
      work: () => verify('sha256', message, publicKeyOf(spki) ?? leafPublic, signed),
      calls: 5,
    },
    tbsAlone: { work: () => tbsCertificate(plan, period), calls: 200 },
    issuance: {
      work: () => {
        const from = planned()
        const built = tbsCertificate(from, period)
        lintCertificate(built, from, period)
        return assembleCertificate(built, 'ECDSA_SHA_256', signature)
      },
      calls: 5,
    },
    lint: { work: () => lintCertificate(tbs, plan, period), calls: 25 },
    request: { work: planned, calls: 5 },
    checking: { work: () => assembleSigned(linted, signature, caSpki), calls: 8 },
  })

  line('one P-256 signature (node:crypto)', took.signing, 'µs')
  line('one P-256 verification (node:crypto), its key at hand', took.verifying, 'µs')
  line('one P-256 verification, its key read from DER as a request has it', took.proof, 'µs')
  line('leaf: TBS alone', took.tbsAlone, 'µs')
  line('leaf: TBS + signature, ours', made.own, 'µs')
  line('leaf: @peculiar/x509 generator', made.theirs, 'µs')
  line('leaf: pkijs, signed outside', made.other, 'µs')
  line('issuance: CSR check, profile, plan, TBS, lint, wrap', took.issuance, 'µs')
  line('  of it the request read, proven, planned and checked', took.request, 'µs')
  line('  of it the lint', took.lint, 'µs')
  line('  of it all but the proof of possession', took.issuance - took.proof, 'µs')
  line('besides: the signature of the CA verified before it counts', took.checking, 'µs')
  console.log()
  for (const count of [10, 50]) {
    const larger = await generators(await leafMakers(names(count)))
    line(`@peculiar/x509 ÷ ours, ${count} names`, larger.theirs / larger.own, '×')
    line(`pkijs ÷ ours, ${count} names`, larger.other / larger.own, '×')
  }
  line('@peculiar/x509 ÷ one signature alone, one name', made.theirs / took.signing, '×')
  line('(issuance − 15 µs) ÷ one verification, its key at hand', (took.issuance - 15) / took.verifying, '×')
  console.log()
  const ratios = [
    {
      name: '@peculiar/x509 ÷ ours',
      value: made.theirs / made.own,
      limit: '≥ 100',
      holds: made.theirs / made.own >= 100,
    },
    {
      name: 'pkijs ÷ ours',
      value: made.other / made.own,
      limit: '≥ 25',
      holds: made.other / made.own >= 25,
    },
    {
      name: 'TBS alone ÷ one P-256 signature',
      value: took.tbsAlone / took.signing,
      limit: '≤ 0.15',
      holds: took.tbsAlone / took.signing <= 0.15,
    },
    {
      name: '(issuance − 15 µs) ÷ one verification, its key read from DER',
      value: (took.issuance - 15) / took.proof,
      limit: '≤ 1.5',
      holds: (took.issuance - 15) / took.proof <= 1.5,
    },
    {
      name: '(all but the proof − 15 µs) ÷ one verification, its key at hand',
      value: (took.issuance - took.proof - 15) / took.verifying,
      limit: '≤ 0.5',
      holds: (took.issuance - took.proof - 15) / took.verifying <= 0.5,
    },
  ]
  for (const { name, value, limit, holds } of ratios)
    line(name, value, '×', `${limit} ${holds ? 'holds' : 'MISSED'}`)
  return ratios.every(({ holds }) => holds) ? 0 : 1
}

process.exitCode = await main()

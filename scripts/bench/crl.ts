import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardOf } from '../../lib/model/shards.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { type CrlPlan, crlStream, signedCrlStream } from '../../lib/pki/crl.ts'
import { type CrlEntry, packRows, rowOctets } from '../../lib/pki/crl-rows.ts'
import { header } from '../../lib/pki/der.ts'
import { decodePem } from '../../lib/pki/pem.ts'

/** Lists of revocations, built, hashed and signed, beside `openssl ca -gencrl` on the same set. */

const million = 1_000_000
const start = Date.UTC(2026, 0, 1) / 1000
const reasons = ['keyCompromise', 'superseded', 'cessationOfOperation', 'unspecified'] as const
const written = {
  keyCompromise: ',keyCompromise',
  superseded: ',superseded',
  cessationOfOperation: ',cessationOfOperation',
  unspecified: '',
}

const entryAt = (n: number): CrlEntry & { readonly reason: (typeof reasons)[number] } => ({
  serial: `5a${(Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}${n.toString(16).padStart(30, '0')}`,
  revoked_at: new Date((start + n * 7) * 1000).toISOString(),
  reason: reasons[n % reasons.length] ?? 'unspecified',
})

function* entries(count: number): Generator<ReturnType<typeof entryAt>> {
  for (let n = 0; n < count; n += 1) yield entryAt(n)
}

/** Whole rows of a file, never more than 64 KB of it in memory. */
const rowsIn = (file: string) =>
  function* (): Generator<Uint8Array> {
    const window = Buffer.allocUnsafe(rowOctets * 1900)
    const fd = openSync(file, 'r')
    try {
      for (let read = readSync(fd, window); read > 0; read = readSync(fd, window))
        yield window.subarray(0, read)
    } finally {
      closeSync(fd)
    }
  }

type Ca = { readonly key: KeyObject; readonly subject: Uint8Array; readonly key_id: string }

const caIn = (folder: string): Ca => {
  const facts = readCertificate(
    decodePem(readFileSync(join(folder, 'ca.pem'), 'utf8'), ['CERTIFICATE'], 'the CA'),
  )
  return {
    key: createPrivateKey(readFileSync(join(folder, 'ca.key'))),
    subject: facts.subject_der,
    key_id: facts.key_id ?? '',
  }
}

const planOf = (ca: Ca, rows: CrlPlan['rows'], shard_url?: string): CrlPlan => ({
  issuer_subject: ca.subject,
  key_id: ca.key_id,
  signing_algorithm: 'ECDSA_SHA_256',
  number: 7,
  this_update: new Date().toISOString(),
  next_update: new Date(Date.now() + 86_400_000).toISOString(),
  rows,
  shard_url,
})

/** Milliseconds by the clock, and by the clock or the processor, whichever says less: others only ever add to either. */
type Time = { readonly clock: number; readonly own: number }

/** Built, hashed, signed and written, as the peer does: what is hashed is written behind the room for the outermost header. */
const make = (
  ca: Ca,
  rows: string,
  output: string,
  shard_url?: string,
  look: () => void = () => {},
): Time => {
  const [before, spent] = [performance.now(), process.cpuUsage()]
  const tbs = crlStream(planOf(ca, rowsIn(rows), shard_url))
  const signer = createSign('sha256')
  const fd = openSync(output, 'w')
  // Signatures differ by an octet or two: too little to change how many octets their length takes.
  const room = header(0x30, tbs.length + 84).length
  let offset = room
  for (const chunk of tbs.chunks()) {
    signer.update(chunk)
    offset += writeSync(fd, chunk, 0, chunk.length, offset)
    look()
  }
  const signed = signedCrlStream({ ...tbs, chunks: () => [] }, 'ECDSA_SHA_256', signer.sign(ca.key))
  const [outer = new Uint8Array(), ...rest] = signed.chunks()
  writeSync(fd, outer, 0, outer.length, 0)
  for (const part of rest) offset += writeSync(fd, part, 0, part.length, offset)
  closeSync(fd)
  if (outer.length !== room || offset !== signed.length) throw new Error('the list is not as long as it says')
  const { user, system } = process.cpuUsage(spent)
  const clock = performance.now() - before
  return { clock, own: Math.min(clock, (user + system) / 1000) }
}

/** The fastest of many: what else the machine does only ever adds. */
const fastest = (rounds: number, run: () => Time): Time => {
  const times = Array.from({ length: rounds }, run)
  const least = (of: keyof Time) => Math.min(...times.map((time) => time[of]))
  return { clock: least('clock'), own: least('own') }
}

const openssl = (folder: string, ...args: readonly string[]) =>
  execFileSync('openssl', args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const config = `[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_crl_days = 1\ncrl_extensions = x\n[x]\nauthorityKeyIdentifier = keyid\n`

const peer = (folder: string, count: number): number => {
  const day = (iso: string) => iso.slice(2, 19).replaceAll(/[-:T]/g, '')
  const lines = [...entries(count)].map(
    ({ serial, revoked_at, reason }) =>
      `R\t360101000000Z\t${day(revoked_at)}Z${written[reason]}\t${serial.toUpperCase()}\tunknown\t/CN=${serial}`,
  )
  writeFileSync(join(folder, 'index.txt'), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, 'index.txt.attr'), 'unique_subject = no\n')
  writeFileSync(join(folder, 'crlnumber'), '07\n')
  writeFileSync(join(folder, 'ca.cnf'), config)
  const before = performance.now()
  openssl(
    folder,
    'ca',
    '-config',
    'ca.cnf',
    '-gencrl',
    '-keyfile',
    'ca.key',
    '-cert',
    'ca.pem',
    '-out',
    'peer.pem',
  )
  return performance.now() - before
}

const verify = (folder: string, file: string): void => {
  const run = spawnSync('openssl', ['crl', '-inform', 'DER', '-in', file, '-CAfile', 'ca.pem', '-noout'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (!run.stderr.includes('verify OK')) throw new Error(`${file}: ${run.stderr}`)
}

/** In a process of its own: how far memory rises above what the same process takes for a list of a thousand. */
const measureMemory = (folder: string): void => {
  const ca = caIn(folder)
  const gc = (globalThis as { gc?: () => void }).gc ?? (() => {})
  for (let n = 0; n < 20; n += 1) make(ca, join(folder, 'rows-small'), join(folder, 'small.crl'))
  gc()
  const idle = process.memoryUsage.rss()
  let most = idle
  let n = 0
  make(ca, join(folder, `rows-${million}`), join(folder, 'memory.crl'), undefined, () => {
    if (n++ % 8 === 0) most = Math.max(most, process.memoryUsage.rss())
  })
  console.log(((most - idle) / 1_048_576).toFixed(1))
}

const line = (what: string, figure: string, wanted: string, holds: boolean): boolean => {
  console.log(`${holds ? ' ok ' : 'MISS'}  ${what.padEnd(58)} ${figure.padStart(14)}   wanted ${wanted}`)
  return holds
}

function main(folder: string): boolean {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(folder, 'ca.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
  openssl(folder, 'req', '-x509', '-key', 'ca.key', '-subj', '/CN=Bench CA', '-days', '30', '-out', 'ca.pem')
  const ca = caIn(folder)
  const rowsFile = (name: string | number) => join(folder, `rows-${name}`)
  for (const count of [million / 10, million]) writeFileSync(rowsFile(count), packRows(entries(count)))
  writeFileSync(rowsFile('small'), packRows(entries(1000)))
  const inShard = [...entries(million)].filter(({ serial }) => shardOf(serial, 128) === 5)
  writeFileSync(rowsFile('shard'), packRows(inShard))
  const url = 'http://pki.example.com/.well-known/pki/crl/iss-web/5'
  const timeOf = (name: string | number, rounds: number, shard_url?: string): Time => {
    const output = join(folder, `${name}.crl`)
    make(ca, rowsFile(name), output, shard_url)
    verify(folder, `${name}.crl`)
    return fastest(rounds, () => make(ca, rowsFile(name), output, shard_url))
  }
  const [small, large, shard] = [timeOf(million / 10, 30), timeOf(million, 10), timeOf('shard', 200, url)]
  const beside = peer(folder, million)
  openssl(folder, 'crl', '-in', 'peer.pem', '-outform', 'DER', '-out', 'peer.crl')
  verify(folder, 'peer.crl')
  const size = (file: string): number => statSync(join(folder, file)).size
  const child = ['--expose-gc', import.meta.filename, 'memory', folder]
  const memory = Number(execFileSync(process.execPath, child, { encoding: 'utf8' }))
  const again = peer(folder, million)
  const openssls = Math.min(beside, again)
  console.log(
    `1,000,000 entries: ${large.clock.toFixed(0)} ms (${large.own.toFixed(0)} undisturbed; 100,000: ${small.own.toFixed(0)}), ${(size(`${million}.crl`) / 1e6).toFixed(1)} MB; openssl ca -gencrl: ${openssls.toFixed(0)} ms, ${(size('peer.crl') / 1e6).toFixed(1)} MB`,
  )
  return [
    line(
      'times as fast as openssl ca -gencrl',
      (openssls / large.clock).toFixed(1),
      '≥ 50',
      openssls / large.clock >= 50,
    ),
    line('MiB above idle', memory.toFixed(1), '≤ 16', memory <= 16),
    line(
      'time of 1,000,000 / time of 100,000, undisturbed',
      (large.own / small.own).toFixed(1),
      '≤ 12',
      large.own / small.own <= 12,
    ),
    line(
      'one shard of 128: share of the octets',
      `1/${(size(`${million}.crl`) / size('shard.crl')).toFixed(0)}`,
      '≤ 1/100',
      size('shard.crl') * 100 <= size(`${million}.crl`),
    ),
    line(
      'one shard of 128: share of the time, undisturbed',
      `1/${(large.own / shard.own).toFixed(0)}`,
      '≤ 1/100',
      shard.own * 100 <= large.own,
    ),
  ].every(Boolean)
}

const [mode, given = ''] = process.argv.slice(2)
if (mode === 'memory') measureMemory(given)
else {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-crl-'))
  try {
    process.exitCode = main(folder) ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

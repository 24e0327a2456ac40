import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { Refusal } from '../../lib/model/refusal.ts'
import { readCsr } from '../../lib/pki/csr.ts'
import { element } from '../../lib/pki/der.ts'
import { behindHttp } from '../support/http-world.ts'
import { attribute, csrOf } from '../support/pki-csr.ts'
import { requestFor } from '../support/profile-requests.ts'
import { makeFurnishedWorld } from '../support/world.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const good = requestFor({ names: [{ type: 'dns', value: 'www.example.com' }] })
const pem = (text: string): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')

const nested = (depth: number): Uint8Array => {
  let der: Uint8Array = new Uint8Array()
  for (let level = 0; level < depth; level += 1) der = element(0x30, der)
  return der
}

/** A signed request with a thousand attributes of types that nobody knows, and one of them twice. */
const strangeAttributes = (): Uint8Array => {
  const types = Array.from({ length: 1200 }, (_, type) => attribute(`1.2.3.${type}`))
  return csrOf({ attributes: [...types, attribute('1.2.3.0')] })
}

/** Deterministic, so that what fails once fails again. */
const mutated = (seed: number): Uint8Array => {
  const der = Uint8Array.from(good)
  let state = seed * 2_654_435_761 + 1
  for (let change = 0; change < 1 + (seed % 4); change += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    der[state % der.length] = (state >> 8) & 0xff
  }
  return der
}

const megabyte = 1_000_000

const corpus: readonly (readonly [string, string])[] = [
  ...Array.from({ length: 300 }, (_, seed) => [`mutation ${seed}`, base64(mutated(seed))] as const),
  ...Array.from({ length: 40 }, (_, part) => {
    const length = Math.floor((good.length * part) / 40)
    return [`the first ${length} octets`, base64(good.subarray(0, length))] as const
  }),
  ...[15, 16, 17, 200, 4000].map((depth) => [`${depth} levels`, base64(nested(depth))] as const),
  ['a length past the end', base64(Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff))],
  ['a length of nine octets', base64(Uint8Array.of(0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0))],
  ['an indefinite length', base64(Uint8Array.of(0x30, 0x80, 0, 0))],
  ['an empty block', pem('')],
  ['two blocks', pem(base64(good)).repeat(2)],
  ['text around it', `hello\n${pem(base64(good))}`],
  ['another label', pem(base64(good)).replaceAll('CERTIFICATE REQUEST', 'PRIVATE KEY')],
  ['white space', ' \n\t '],
  ['control characters', '\u0000\u0007'],
  ['16 KB of noise', base64(randomBytes(12_000))],
  ['16 KB of empty sequences', base64(element(0x30, Buffer.alloc(16_000, Uint8Array.of(0x30, 0))))],
  ['16 KB of attributes of other types', base64(strangeAttributes())],
  ['a megabyte of noise', base64(randomBytes(megabyte))],
  ['a megabyte of letters', 'A'.repeat(megabyte)],
  ['a megabyte of levels', base64(nested(3000)).padEnd(megabyte, 'A')],
]

describe('a hostile CSR', () => {
  let send: Awaited<ReturnType<typeof behindHttp>>['send']
  let token = ''

  beforeAll(async () => {
    const http = await behindHttp(await makeFurnishedWorld())
    send = http.send
    token = http.tokens.alice
  })

  it('is answered with what is wrong, never with a fault', async () => {
    const statuses = new Map<number, number>()
    for (const [name, csr] of corpus) {
      const body = { profile_id: 'p-dev-web', csr }
      const { status, text } = await send({ method: 'POST', path: '/certificates', token, body })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      expect(status, `${name}: ${text}`).toBeLessThan(500)
    }
    // A mutation may well leave the request as good as it was.
    expect([...statuses.keys()].every((status) => [202, 400, 413, 422].includes(status))).toBe(true)
    expect(statuses.get(400)).toBeGreaterThan(100)
  })

  it.each(corpus.filter(([, csr]) => csr.length >= 16_000))('%s holds at most twice its size', (_, csr) => {
    const attempt = (): unknown => {
      try {
        return readCsr(csr)
      } catch (error) {
        if (error instanceof Refusal) return error
        throw error
      }
    }
    attempt()
    const used = () => {
      collect()
      const { heapUsed, external, arrayBuffers } = process.memoryUsage()
      return heapUsed + external + arrayBuffers
    }
    // What the engine keeps for itself comes once; what a request holds comes each time.
    const growths = [1, 2, 3, 4, 5].map(() => {
      const before = used()
      const held = Array.from({ length: 10 }, attempt)
      const growth = used() - before
      expect(held).toHaveLength(10)
      return growth / held.length
    })
    expect(Math.min(...growths)).toBeLessThan(2 * csr.length)
  })
})

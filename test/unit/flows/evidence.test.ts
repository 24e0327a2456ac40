import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { jwksOf } from '../../../lib/flows/receipt-jwks.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { type EvidenceBundle, evidenceBundle } from '../../../lib/model/evidence.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { batchApproved, issuedFor } from '../../support/batches.ts'
import { granted, renew } from '../../support/grants.ts'
import { makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

/** What a reader makes of a text that claims to be a bundle. */
const judge = (text: string): readonly string[] => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return ['not JSON']
  }
  const read = evidenceBundle.safeParse(parsed)
  if (!read.success) return ['not a bundle']
  return verifyEvidence(read.data, receiptVerifier(receiptKeys, read.data.environment))
}

/** What the command that auditors run says of a bundle. */
const told = (bundle: EvidenceBundle): string => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-told-'))
  try {
    const [path, keys] = [join(folder, 'bundle.json'), join(folder, 'jwks.json')]
    writeFileSync(path, JSON.stringify(bundle))
    writeFileSync(keys, JSON.stringify(jwksOf(receiptKeys)))
    const args = ['scripts/verify-receipt.ts', path, '--jwks', keys]
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: {} }).stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the evidence of a certificate', () => {
  let world: World
  let bundle: EvidenceBundle
  let text: string

  beforeAll(async () => {
    world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const asked = await world.ask()
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.call('erin', 'approve', { id: asked.approval_id })
    await world.drain()
    bundle = await gatherEvidence(world, asked.certificate_id, 1)
    text = JSON.stringify(bundle)
  })

  it('proves itself with the public keys alone', () => {
    expect(judge(text)).toEqual([])
  })

  it('proves a renewal and a certificate that needed nobody', async () => {
    const made = await world.made()
    expect(judge(JSON.stringify(await gatherEvidence(world, made.certificate_id, 1)))).toEqual([])
    await world.call('alice', 'renewCertificate', { id: made.certificate_id, body: {} })
    await world.drain()
    expect(judge(JSON.stringify(await gatherEvidence(world, made.certificate_id, 2)))).toEqual([])
  })

  it('fails with any byte of it changed', { timeout: 60_000 }, () => {
    const index = fc.nat({ max: text.length - 1 })
    fc.assert(
      fc.property(index, fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const other = String.fromCharCode(code)
        fc.pre(other !== text[at])
        expect(judge(text.slice(0, at) + other + text.slice(at + 1))).not.toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  it.each<[string, (honest: EvidenceBundle) => EvidenceBundle, string]>([
    [
      'without one of the approvals',
      (honest) => {
        const { content, events } = honest.issued_by
        return {
          ...honest,
          issued_by: { content, events: events.filter(({ actor }) => actor !== 'pr-erin') },
        }
      },
      'the chain of events is broken',
    ],
    [
      'of another certificate',
      (honest) => ({ ...honest, chain: honest.chain.slice(1) }),
      'the certificate is not what was approved',
    ],
    [
      'with other rules',
      (honest) => ({ ...honest, rules_made_by: honest.issued_by }),
      'the rules were made by a job that makes none',
    ],
    [
      'with a chain that does not end in a root',
      (honest) => ({ ...honest, chain: honest.chain.slice(0, 2) }),
      'certificate 1 of the chain is not signed by the one above it',
    ],
    ['from another deployment', (honest) => ({ ...honest, environment: 'x' }), 'no receipt that verifies'],
  ])('fails %s', (_, tamper, reason) => {
    expect(judge(JSON.stringify(tamper(bundle))).join('; ')).toContain(reason)
  })

  describe('of a renewal that nobody approved by itself', () => {
    const bundles = async () => {
      const granting = await makeFurnishedWorld()
      const grant = await granted(granting)
      const other = await granted(granting)
      await renew(granting, grant.certificate_id)
      await renew(granting, other.certificate_id)
      await granting.drain()
      granting.pass(1)
      await granting.call('bob', 'withdrawGrant', { id: grant.grant_id })
      return {
        grant,
        bundle: await gatherEvidence(granting, grant.certificate_id, 2),
        first: await gatherEvidence(granting, grant.certificate_id, 1),
        other: await gatherEvidence(granting, other.certificate_id, 2),
      }
    }

    it('proves who approved its standing grant, also after that was withdrawn', async () => {
      const { bundle: under, grant } = await bundles()
      expect(judge(JSON.stringify(under))).toEqual([])
      expect(under.granted_by?.events.at(-1)?.type).toBe('grant_withdrawn')
      expect(told(under)).toContain('approved by pr-bob (bob)')
      expect(told(under)).toContain(`let ${grant.certificate_id} be renewed 5 times`)
    })

    it.each<[string, (all: Awaited<ReturnType<typeof bundles>>) => unknown, string]>([
      [
        'without the job that gave the grant',
        ({ bundle: { granted_by: _, ...rest } }) => rest,
        'there is no job that gave',
      ],
      [
        'with the grant of another certificate',
        ({ bundle: under, other }) => ({ ...under, granted_by: other.granted_by }),
        'there is no job that gave',
      ],
      [
        'with a grant, where it needs none',
        ({ first, bundle: under }) => ({ ...first, granted_by: under.granted_by }),
        'it was issued under no standing grant',
      ],
      [
        'without the approval of the grant',
        ({ bundle: under }) => ({
          ...under,
          granted_by: {
            content: under.granted_by?.content,
            events: under.granted_by?.events.filter(({ actor }) => actor !== 'pr-bob'),
          },
        }),
        'the chain of events is broken',
      ],
      [
        'with more granted than was approved',
        ({ bundle: under }) => ({
          ...under,
          granted_by: { ...under.granted_by, content: { ...under.granted_by?.content, issuances: 6 } },
        }),
        'the content is not what was requested',
      ],
    ])('fails %s', async (_, tamper, reason) => {
      expect(judge(JSON.stringify(tamper(await bundles()))).join('; ')).toContain(reason)
    })

    it('fails with any byte of it changed', { timeout: 60_000 }, async () => {
      const whole = JSON.stringify((await bundles()).bundle)
      fc.assert(
        fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
          const other = String.fromCharCode(code)
          fc.pre(other !== whole[at])
          expect(judge(whole.slice(0, at) + other + whole.slice(at + 1))).not.toEqual([])
        }),
        { numRuns: 200 },
      )
    })
  })

  describe('of a renewal in a batch under two profiles', () => {
    const bundles = async () => {
      const together = await makeFurnishedWorld()
      const [id = ''] = await issuedFor(together, 'a', 'b')
      await together.made()
      const batch = await batchApproved(together, { issuer_id: 'iss-web' })
      await together.drain()
      const other = await batchApproved(together, { profile_id: 'p-prod-web' })
      await together.drain()
      return {
        batch,
        first: await gatherEvidence(together, id, 1),
        bundle: await gatherEvidence(together, id, 2),
        other: await gatherEvidence(together, id, 3),
        other_batch: other,
      }
    }

    it('proves who approved the batch, and says of what', async () => {
      const { bundle: line, other } = await bundles()
      expect([judge(JSON.stringify(line)), judge(JSON.stringify(other))]).toEqual([[], []])
      expect(told(line)).toMatch(/as line \d of a batch\n✓ renew 3 certificates/)
      expect(told(line)).toContain('approved by pr-bob (bob)')
    })

    it.each<[string, (all: Awaited<ReturnType<typeof bundles>>) => unknown, string]>([
      ['without the batch', ({ bundle: { batched_by: _, ...rest } }) => rest, 'there is no batch'],
      [
        'with another batch, that has the same certificate',
        ({ bundle: line, other }) => ({ ...line, batched_by: other.batched_by, batch_rules_made_by: [] }),
        'there is no batch',
      ],
      [
        'with a batch, where it is in none',
        ({ first, bundle: line }) => ({ ...first, batched_by: line.batched_by }),
        'it was renewed in no batch',
      ],
      [
        'without the rules of the others in it',
        ({ bundle: { batch_rules_made_by: _, ...rest } }) => rest,
        'profile p-dev-web is not as it was when this was planned',
      ],
      [
        'with the same rules twice',
        ({ bundle: line }) => ({
          ...line,
          batch_rules_made_by: [...(line.batch_rules_made_by ?? []), line.rules_made_by],
        }),
        'a job is there twice',
      ],
      [
        'without the approval of the batch',
        ({ bundle: line }) => ({
          ...line,
          batched_by: {
            content: line.batched_by?.content,
            events: line.batched_by?.events.filter(({ actor }) => actor !== 'pr-bob'),
          },
        }),
        'the chain of events is broken',
      ],
    ])('fails %s', async (_, tamper, reason) => {
      expect(judge(JSON.stringify(tamper(await bundles()))).join('; ')).toContain(reason)
    })

    it('fails with any byte of it changed', { timeout: 60_000 }, async () => {
      const whole = JSON.stringify((await bundles()).bundle)
      fc.assert(
        fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
          const other = String.fromCharCode(code)
          fc.pre(other !== whole[at])
          expect(judge(whole.slice(0, at) + other + whole.slice(at + 1))).not.toEqual([])
        }),
        { numRuns: 200 },
      )
    })
  })

  it('is verified by the command that auditors run, which needs the public keys and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-evidence-'))
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const keys = file('jwks.json', JSON.stringify(jwksOf(receiptKeys)))
    const run = (content: string) =>
      spawnSync(
        process.execPath,
        ['scripts/verify-receipt.ts', file('bundle.json', content), '--jwks', keys],
        {
          encoding: 'utf8',
          env: {},
        },
      )
    const good = run(text)
    expect(good.stdout).toContain('approved by pr-bob (bob)')
    expect(good.stdout).toContain('approved by pr-erin (erin)')
    expect(good.status).toBe(0)
    const bad = run(text.replace('pr-erin', 'pr-carol'))
    expect(bad.stdout).toContain('✗ ')
    expect(bad.status).toBe(1)
    rmSync(folder, { recursive: true })
  })

  it('is refused for a version that was never issued', async () => {
    await expect(gatherEvidence(world, 'mc-nothing', 1)).rejects.toThrow(Refusal)
  })
})

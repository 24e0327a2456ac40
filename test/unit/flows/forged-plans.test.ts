import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { newSuffix } from '../../../lib/model/ids.ts'
import type { Issuer } from '../../../lib/model/issuer.ts'
import type { JobContent } from '../../../lib/model/job.ts'
import { openJob } from '../../../lib/model/open-job.ts'
import { certificatePlan } from '../../../lib/model/plan.ts'
import { checkIssuer } from '../../../lib/pki/check-issuer.ts'
import { refusalOf } from '../../support/pki-refusal.ts'
import { csrFor, makeFurnishedWorld, type World } from '../../support/world.ts'

type Leaf = Extract<JobContent, { type: 'Issuance' }>

const random = (n: number) => new Uint8Array(randomBytes(n))

/** A job under a profile that needs nobody else, written as the API would write it, but for one change. */
const forge = async (world: World, change: (content: Leaf) => Leaf): Promise<string> => {
  const asked = await world.ask({ profile_id: 'p-dev-web' })
  const { job, content } = await world.jobOf(asked.job_id)
  if (content.type !== 'Issuance') throw new Error(content.type)
  const opening = {
    id: `job-${newSuffix(random)}`,
    content: change(content),
    requester: world.people.alice,
    owner: job.owner,
    reason: null,
    requirement: null,
  }
  const { job: _, ...forged } = openJob(opening, [], world.now())
  await world.jobs.commit({ ...forged, job: _ })
  return opening.id
}

const withPlan = (changes: object) => (content: Leaf) => ({
  ...content,
  plan: certificatePlan.parse({ ...content.plan, ...changes }),
})

const forgeries: readonly (readonly [string, (content: Leaf) => Leaf])[] = [
  ['another name', withPlan({ subject_alternative_names: [{ type: 'dns', value: 'www.example.org' }] })],
  [
    'one name more',
    (it) =>
      withPlan({
        subject_alternative_names: [
          ...it.plan.subject_alternative_names,
          { type: 'dns', value: 'a.example.com' },
        ],
      })(it),
  ],
  ['another subject', withPlan({ subject: [{ type: 'O', value: 'Example' }] })],
  [
    'a longer life than the profile allows',
    withPlan({ validity: { lifetime_seconds: 86_400 * 91, backdate_seconds: 300 } }),
  ],
  ['more backdating', withPlan({ validity: { lifetime_seconds: 86_400, backdate_seconds: 86_400 } })],
  [
    'a CA',
    withPlan({
      basic_constraints: { ca: true, path_length: null },
      key_usage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    }),
  ],
  ['another purpose', withPlan({ extended_key_usage: ['codeSigning'] })],
  ['an OCSP responder', withPlan({ extended_key_usage: ['OCSPSigning'], ocsp_no_check: true })],
  ['another usage', withPlan({ key_usage: ['digitalSignature', 'keyAgreement'] })],
  ['a policy', withPlan({ policies: ['2.23.140.1.1'] })],
  ['nowhere to ask for its status', withPlan({ crl_distribution_points: [], ocsp: [] })],
  ['somewhere else to ask', withPlan({ ocsp: ['http://evil.example/ocsp'] })],
  ['noRevAvail', withPlan({ no_revocation_available: true, crl_distribution_points: [], ocsp: [] })],
  ['a serial of its own choice', withPlan({ serial: '01' })],
  ['another issuer', (it) => withPlan({ issuer: { ...it.plan.issuer, id: 'iss-root' } })(it)],
  ['a request for other names', (it) => ({ ...it, csr: derOf(csrFor('b.example.com')) })],
  ['a request that nobody signed', (it) => ({ ...it, csr: tampered(it.csr) })],
  ['a version of the profile that there is not', (it) => ({ ...it, profile_version: 7 })],
]

const derOf = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, '')

const tampered = (csr: string): string => {
  const der = Buffer.from(csr, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  return der.toString('base64')
}

describe('a writer of the table', () => {
  it.each(forgeries)('gets no certificate with %s', async (_, change) => {
    const world = await makeFurnishedWorld()
    const job_id = await forge(world, change)
    const before = world.signatures.length
    await world.issue(job_id)
    const { job, events } = await world.jobOf(job_id)
    expect(world.signatures.length).toBe(before)
    expect(job.status).toBe('Failed')
    expect(events.at(-1)?.type).toBe('signing_refused')
  })

  it('would have got one without any change: the test is of the changes', async () => {
    const world = await makeFurnishedWorld()
    const job_id = await forge(world, (content) => content)
    await world.issue(job_id)
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })
})

describe('an issuer', () => {
  let web: Issuer
  let root: Issuer

  beforeAll(async () => {
    const { issuers } = await makeFurnishedWorld()
    const found = [await issuers.get('iss-web'), await issuers.get('iss-root')]
    if (!found[0] || !found[1]) throw new Error('no issuers')
    ;[web, root] = [found[0], found[1]]
  })

  it('is taken as it was made', () => {
    expect(checkIssuer(web)).toBe(web)
    expect(checkIssuer(root)).toBe(root)
  })

  it.each<[string, (issuer: Issuer, other: Issuer) => Issuer, RegExp]>([
    ['the key of another', (it, other) => ({ ...it, spki: other.spki }), /another key/],
    ['the certificate of another', (it, other) => ({ ...it, chain: other.chain }), /another key/],
    ['no root above it', (it) => ({ ...it, chain: it.chain.slice(0, 1) }), /names another issuer/],
    ['the chain upside down', (it) => ({ ...it, chain: it.chain.toReversed() }), /another key/],
    [
      'a later end',
      (it) => ({ ...it, facts: { ...it.facts, not_after: '2099-01-01T00:00:00.000Z' } }),
      /another end/,
    ],
    [
      'another name',
      (it, other) => ({ ...it, facts: { ...it.facts, subject: other.facts.subject } }),
      /another name/,
    ],
    [
      'another key identifier',
      (it) => ({ ...it, facts: { ...it.facts, key_id: 'ff'.repeat(20) } }),
      /key identifier/,
    ],
    [
      'another way to sign',
      (it) => ({ ...it, facts: { ...it.facts, signing_algorithm: 'ECDSA_SHA_256' } }),
      /does not sign so/,
    ],
    ['no limit below it', (it) => ({ ...it, path_length: null }), /path length/],
    [
      'name constraints that its chain does not have',
      (it) => ({ ...it, facts: { ...it.facts, name_constraints: [{ permitted: [], excluded: [] }] } }),
      /name constraints/,
    ],
  ])('with %s is refused on every load', (_, change, complaint) => {
    const refusal = refusalOf(() => checkIssuer(change(web, root)))
    expect(refusal.code).toBe('issuer_invalid')
    expect(refusal.detail).toMatch(complaint)
  })
})

import { describe, expect, it } from 'vitest'
import { differences } from '../../../lib/model/difference.ts'
import { warningsOf } from '../../../lib/model/warnings.ts'
import { makeFurnishedWorld } from '../../support/world.ts'

describe('what an approver is shown', () => {
  it('of a renewal: what is other than in the version it replaces, and nothing else', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ profile_id: 'p-dev-web' })
    const edit = await world.call('carol', 'getProfile', { id: 'p-dev-web' })
    const { id: _, version: __, created_by: ___, created_at: ____, job_id: _____, ...document } = edit.body
    const gated = {
      ...document,
      requires_approval: true,
      validity: { ...document.validity, default: 'P30D' },
    }
    const changed = await world.call('carol', 'changeProfile', { id: 'p-dev-web', body: gated })
    await world.call('bob', 'approve', { id: changed.body.approval.id })
    await world.drain()
    const renewal = await world.call('alice', 'renewCertificate', { id: certificate_id, body: {} })
    const shown = await world.call('bob', 'getApproval', { id: renewal.body.approval.id })
    expect(shown.body.difference.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/serial',
      '/validity/lifetime_seconds',
    ])
  })

  it('of a change of a profile: field by field', async () => {
    const world = await makeFurnishedWorld()
    const edit = await world.call('carol', 'getProfile', { id: 'p-prod-web' })
    const { id: _, version: __, created_by: ___, created_at: ____, job_id: _____, ...document } = edit.body
    const body = { ...document, requires_approval: false }
    const changed = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    const shown = await world.call('bob', 'getApproval', { id: changed.body.approval.id })
    expect(shown.body.difference).toEqual([{ pointer: '/requires_approval', before: true, after: false }])
  })
})

describe('a difference', () => {
  it.each([
    ['nothing', { a: 1, b: [1] }, { b: [1], a: 1 }, []],
    ['a value', { a: { b: 1 } }, { a: { b: 2 } }, [{ pointer: '/a/b', before: 1, after: 2 }]],
    ['something new', {}, { 'a/b': 1 }, [{ pointer: '/a~1b', before: null, after: 1 }]],
    ['something gone', { a: 1 }, {}, [{ pointer: '/a', before: 1, after: null }]],
    ['a list, whole', { a: [1, 2] }, { a: [2] }, [{ pointer: '/a', before: [1, 2], after: [2] }]],
  ])('of %s', (_, before, after, expected) => {
    expect(differences(before, after)).toEqual(expected)
  })
})

describe('warnings', () => {
  const content = async (value: string) => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask()
    const file = await world.jobOf(job_id)
    if (file.content.type !== 'Issuance') throw new Error('not an issuance')
    return { ...file.content, plan: { ...file.content.plan, subject: [{ type: 'O' as const, value }] } }
  }

  it.each([
    ['Example Ltd', 0],
    ['Ехample Ltd', 1], // the first two letters are Cyrillic
    ['日本 Example', 0], // two words of one script each
    ['Example\u202eltd', 1],
  ])('of %j: %d', async (value, count) => {
    expect(warningsOf(await content(value))).toHaveLength(count)
  })
})

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { functionIds } from '../../infra/access.ts'
import { bundle, largestBundle } from '../../infra/bundle.ts'

describe('the bundle of a function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bundles-'))
  beforeAll(() => bundle(folder))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(functionIds)('%s is small enough for a quick cold start', (id) => {
    expect(statSync(join(folder, id, 'index.mjs')).size).toBeLessThanOrEqual(largestBundle)
  })
})

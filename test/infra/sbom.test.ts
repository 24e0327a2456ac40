import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'

const root = fileURLToPath(new URL('../..', import.meta.url))

const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')))

const bill = z.object({
  bomFormat: z.literal('CycloneDX'),
  components: z.array(z.object({ name: z.string(), version: z.string(), scope: z.string() })),
})

describe('the software bill of materials', () => {
  const printed = execFileSync('npm', ['run', '--silent', 'sbom'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { components } = bill.parse(JSON.parse(printed))
  const scopeOf = (name: string, version: string) =>
    components.find((one) => one.name === name && one.version === version)?.scope

  // A dependency that development needs as well is one of what is deployed.
  it.each(Object.entries(manifest.dependencies))('has %s %s as required', (name, version) =>
    expect(scopeOf(name, version)).toBe('required'),
  )
})

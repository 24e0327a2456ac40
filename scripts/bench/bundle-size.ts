import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { functionIds } from '../../infra/access.ts'
import { bundle, largestBundle } from '../../infra/bundle.ts'

/** Prints the size of each function's bundle; exits 1 where one is too large. */
async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bundles-'))
  try {
    await bundle(folder)
    const sizes = functionIds.map((id) => ({ id, bytes: statSync(join(folder, id, 'index.mjs')).size }))
    for (const { id, bytes } of sizes) {
      const share = `${Math.round((100 * bytes) / largestBundle)} %`
      console.log(
        `${id.padEnd(24)}${(bytes / 1000).toFixed(1).padStart(8)} kB ${share.padStart(6)} of ${largestBundle / 1000} kB`,
      )
    }
    return sizes.some(({ bytes }) => bytes > largestBundle) ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exit(await main())

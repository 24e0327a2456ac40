import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { functionIds, rowOf } from './access.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles every function into `folder`, in one esbuild call. A Lambda always
 * finds its credentials in the environment, so the chain of other sources is
 * left out.
 */
export function bundle(folder: string): string {
  buildSync({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(functionIds.map((id) => [`${id}/index`, rowOf(id).file])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    conditions: ['module', 'import'],
    minify: true,
    keepNames: false,
    legalComments: 'none',
    treeShaking: true,
    alias: {
      '@aws-sdk/credential-provider-node': join(root, 'infra/environment-credentials.ts'),
      '@smithy/core/event-streams': join(root, 'infra/no-event-streams.ts'),
    },
    logLevel: 'warning',
  })
  return folder
}

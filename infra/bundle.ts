import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { type FunctionId, functionIds, rowOf } from './access.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * A Lambda always finds its credentials in the environment, so the chain of
 * other sources is left out, and so is what the SDK has for streams and for
 * endpoints that are discovered.
 */
const options = {
  absWorkingDir: root,
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
    '@aws-sdk/endpoint-cache': join(root, 'infra/no-endpoint-cache.ts'),
    '@smithy/core/event-streams': join(root, 'infra/no-event-streams.ts'),
  },
  logLevel: 'warning',
} as const satisfies BuildOptions

/** Every type of zod can tell itself in JSON Schema, which only the OpenAPI document asks for. */
const withoutJsonSchema: Plugin = {
  name: 'without-json-schema',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/zod\/v4\/core\/(json-schema-processors|to-json-schema)\.js$/ }, () => ({
      contents: 'module.exports = { createToJSONSchemaMethod() {}, createStandardJSONSchemaMethod() {} }',
    }))
  },
}

/** Answers the OpenAPI document. */
const documented: readonly FunctionId[] = ['api-read']

const entryPoints = (ids: readonly FunctionId[]): Record<string, string> =>
  Object.fromEntries(ids.map((id) => [`${id}/index`, rowOf(id).file]))

/** Bundles every function into `outdir`, and answers with it. */
export async function bundle(outdir: string): Promise<string> {
  const others = functionIds.filter((id) => !documented.includes(id))
  await Promise.all([
    build({ ...options, outdir, entryPoints: entryPoints(documented) }),
    build({ ...options, outdir, entryPoints: entryPoints(others), plugins: [withoutJsonSchema] }),
  ])
  return outdir
}

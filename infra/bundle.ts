import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { type FunctionId, functionIds, rowOf } from './access.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a function may have at most, in bytes: more is read and compiled before it can answer anybody. */
export const largestBundle = 450_000

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

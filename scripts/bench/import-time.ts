import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { functionIds } from '../../infra/access.ts'
import { bundle } from '../../infra/bundle.ts'

/** Whatever a function asks for at cold start, of the right form; nothing answers there. */
const environment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  TABLE_NAME: 'table',
  TOKENS_TABLE_NAME: 'tokens',
  STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:bench',
  BUCKET_NAME: 'bucket',
  RESPONDER_KEY_ARN: 'arn:aws:kms:us-east-1:000000000000:key/bench',
  STATUS_URL: 'http://pki.example.com',
  CA_KEYS: '{}',
  QUEUE_URLS:
    '{"kms":"http://a.b/c","acm-pca":"http://a.b/c","apply":"http://a.b/c","status":"http://a.b/c"}',
  PCA_AUTHORITIES: '{}',
  RECEIPT_KEYS: '{"decision":"arn:aws:kms:a:0:key/a","clock":"arn:aws:kms:a:0:key/b"}',
  ENVIRONMENT: 'bench',
  OIDC_ISSUERS: '[]',
  KEY_RATE: '{"requests_per_second":1,"burst":1}',
  CORS_ORIGINS: '[]',
  STAGE: 'bench',
  LOG_LEVEL: 'WARN',
} as const

const measure = `const before = performance.now()
await import(process.argv[1])
process.stdout.write('\\n@' + String(performance.now() - before))
process.exit(0)`

/** Milliseconds to import a module in a process of its own; null where it does not start alone. */
const once = (file: string): number | null => {
  try {
    const options = { env: { ...process.env, ...environment }, encoding: 'utf8', stdio: 'pipe' } as const
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', measure, file], options)
    return Number(said.slice(said.lastIndexOf('@') + 1))
  } catch {
    return null
  }
}

const best = (file: string): number | null => {
  const times = Array.from({ length: 7 }, () => once(file)).filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

/** Prints how long the import of each function takes, beside that of an empty one. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-imports-'))
  try {
    await bundle(folder)
    mkdirSync(join(folder, 'empty'))
    writeFileSync(join(folder, 'empty', 'index.mjs'), 'export const handler = async () => {}\n')
    const empty = best(join(folder, 'empty', 'index.mjs')) ?? Number.NaN
    console.log(`${'an empty function'.padEnd(28)}${empty.toFixed(1).padStart(8)} ms`)
    for (const id of functionIds) {
      const time = best(join(folder, id, 'index.mjs'))
      const shown =
        time === null
          ? 'does not start alone'
          : `${time.toFixed(1).padStart(8)} ms ${(time / empty).toFixed(0).padStart(5)} ×`
      console.log(id.padEnd(28) + shown)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()

import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { withEmulator } from '../../scripts/local/environment.ts'
import { repository } from '../../scripts/local/folders.ts'
import { progressTo } from '../../scripts/local/progress.ts'
import { pythonEnvironment } from '../../scripts/local/python.ts'
import { stack } from './stack.ts'

/** What commands printed, and which of them ended otherwise than well. */
export type Said = { readonly said: string; readonly failed: readonly string[] }

export type Shell = {
  /** What one block sets, the next one finds, as in a terminal that stays open. */
  readonly run: (commands: string) => Promise<Said>
  readonly close: () => void
}

/** The filters of jq that the pages need here, where there is no jq. */
const withoutJq = `jq() { node -e '
  const filter = process.argv.at(-1).slice(1)
  const value = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
  const found = filter === "" ? value : value[filter]
  console.log(typeof found === "string" ? found : JSON.stringify(found, null, 2))' -- "$@"; }`

/**
 * What stands between the commands of a page and this machine: the emulator,
 * which version 1 of the AWS CLI is told at each call, the settings that the
 * stack under test has, and nobody to ask before permissions are widened.
 */
const around = (folder: string): string => {
  const settings = Object.entries(inject('settings')).map(([name, value]) => `-c ${name}='${value}'`)
  const cdk = `--require-approval never --ci --output '${join(folder, 'cdk.out')}' ${settings.join(' ')}`
  return `
    exec 2>&1
    set -o pipefail
    trap 'echo "$BASH_COMMAND" >> "${join(folder, 'failed')}"' ERR
    CHECKOUT='${repository}'
    aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
    npm() { (cd "$CHECKOUT" && command npm "$@"); }
    npx() { if [ "$2" = deploy ]; then set -- "$@" ${cdk}; fi; (cd "$CHECKOUT" && command npx "$@"); }
    ${spawnSync('jq', ['--version']).status === 0 ? '' : withoutJq}
  `
}

/** A shell in a folder of its own, with the AWS CLI, as an operator has it open beside a page. */
export async function openShell(folder: string): Promise<Shell> {
  const wanted = { venv: 'venv-aws', requirements: 'requirements-aws.txt', name: 'AWS CLI' }
  const bin = await pythonEnvironment(wanted, progressTo(process.stderr))
  const emulator = withEmulator(stack.emulator_url)
  const env = { ...emulator, PATH: `${bin}:${emulator.PATH}`, CDK_VALIDATION: 'false' }
  const child = spawn('bash', ['--norc'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  let printed = ''
  let look = () => {}
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk
    look()
  })
  child.on('close', () => look())
  const run = (commands: string): Promise<Said> =>
    new Promise((resolve, reject) => {
      const end = randomUUID()
      printed = ''
      look = () => {
        if (child.exitCode !== null) return reject(new Error(`the shell ended: ${printed}`))
        if (!printed.includes(end)) return
        look = () => {}
        resolve({ said: printed.slice(0, printed.indexOf(end)), failed: takeFailed(folder) })
      }
      child.stdin.write(`{\n${commands}\n} </dev/null\necho '${end}'\n`)
    })
  await run(around(folder))
  return { run, close: () => void child.stdin.end() }
}

function takeFailed(folder: string): readonly string[] {
  const file = join(folder, 'failed')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  rmSync(file)
  return lines
}

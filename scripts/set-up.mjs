// Plain JavaScript for any Node from 20 on: it runs before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')

/** Installs what package-lock.json says, where that is not what is installed. */
export async function installDependencies() {
  if (isInstalled()) return
  const started = Date.now()
  console.log('Installing npm dependencies …')
  // Not `npm ci`: it refuses a lock without the optional packages of every other platform.
  const code = await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) {
    console.error(`✗ npm install failed (exit ${code}): see its output above`)
    process.exit(1)
  }
  console.log(`✓ npm dependencies  ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** Runs a script on the Node 24 that is a dependency, whichever Node this is, and ends as it ends. */
export async function runOnNode24(script, args) {
  process.exit(await run(join(bin, 'node'), [join(root, script), ...args]))
}

function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed) || !existsSync(join(bin, 'node'))) return false
  const present = packagesOf(installed)
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
  )
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages
}

function run(command, args) {
  const path = [bin, process.env.PATH].join(delimiter)
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } })
  // The terminal sends Ctrl-C to the child as well; this process waits for it to tidy up.
  const ignore = () => {}
  const pass = () => child.kill('SIGTERM')
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`✗ cannot run ${command}: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}

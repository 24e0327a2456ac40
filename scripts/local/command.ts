import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { Trouble } from './trouble.ts'

type Command = {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Where all output is appended. */
  readonly log: string
  /** What to say when it fails. */
  readonly failure: string
  readonly cwd?: string
}

/** Runs a command to its end; everything it prints goes to the log, and its last words into the complaint. */
export function runCommand({ command, args, log, failure, ...options }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (chunk: Buffer) => {
      output += chunk
      appendFileSync(log, chunk)
    }
    const last = () => child.kill('SIGKILL')
    process.once('exit', last)
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => reject(new Trouble(`${failure}: ${error.message}`)))
    child.on('close', (code) => {
      process.off('exit', last)
      if (code === 0) resolve(output)
      else reject(new Trouble(`${failure}: ${lastWords(output)} (log: ${log})`))
    })
  })
}

export function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return (lines.findLast((line) => /error|failed|❌/i.test(line)) ?? lines.at(-1) ?? 'no output').trim()
}

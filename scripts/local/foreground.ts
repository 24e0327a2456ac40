import { spawn } from 'node:child_process'

/** Runs a command on this terminal; Ctrl-C is the command's to handle. */
export function runForeground(command: string, args: readonly string[], cwd: string): Promise<number> {
  const child = spawn(command, [...args], { cwd, stdio: 'inherit' })
  const ignore = () => {}
  const pass = () => child.kill('SIGTERM')
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`✗ cannot run ${command}: ${error.message}`)
      resolve(1)
    })
    child.on('close', (code) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
      resolve(code ?? 130)
    })
  })
}

import { join } from 'node:path'
import type { Progress } from './progress.ts'
import { pythonEnvironment } from './python.ts'

/** The emulator's executable, installed into a venv of its own where that is not done yet. */
export async function installEmulator(progress: Progress): Promise<string> {
  const bin = await pythonEnvironment(
    { venv: 'venv', requirements: 'requirements.txt', name: 'emulator' },
    progress,
  )
  return join(bin, 'ministack')
}

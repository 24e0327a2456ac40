import { join } from 'node:path'

export const repository = join(import.meta.dirname, '..', '..')

/** Everything local, git-ignored: the emulator, logs, the stack file. */
export const localFolder = join(repository, '.local')

export function binary(name: string): string {
  return join(repository, 'node_modules', '.bin', name)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { commandsUnder } from '../support/live-commands.ts'
import { openShell, type Shell } from '../support/live-shell.ts'

/** Where the operator of these tests works. */
export const folder = mkdtempSync(join(tmpdir(), 'countersign-recovery-'))

/** For the files of one certificate. */
export const newFolder = (): string => mkdtempSync(join(folder, 'files-'))

const page = 'docs/operator/disaster-recovery.md'

/** What the page has under a heading, for the stage that is deployed here. */
export const steps = (heading: string): readonly string[] =>
  commandsUnder(page, heading).map((commands) => commands.replaceAll('STAGE=prod', 'STAGE=local'))

let open: Promise<Shell> | undefined

/** The terminal of all of them, with what the page has one set first. */
export const shell = (): Promise<Shell> => {
  open ??= openShell(folder).then(async (made) => {
    await made.run(steps('Disaster recovery').join('\n'))
    return made
  })
  return open
}

afterAll(async () => {
  ;(await open)?.close()
  rmSync(folder, { recursive: true, force: true })
})

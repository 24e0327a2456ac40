import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Progress } from './progress.ts'
import { pythonEnvironment } from './python.ts'
import { Trouble } from './trouble.ts'

/**
 * What is not ours to mend: the CDK writes `DependsOn` where a reference says
 * so already (W3005), and outputs of one stack show what another one exports (W6001).
 */
const ignored = ['W3005', 'W6001']

/** What cfn-lint says of these templates; nothing where they are clean. */
export async function lintTemplates(files: readonly string[], progress: Progress): Promise<string> {
  const wanted = { venv: 'venv-cfn-lint', requirements: 'requirements-cfn-lint.txt', name: 'cfn-lint' }
  const bin = await pythonEnvironment(wanted, progress)
  const options = ['--regions', 'us-east-1', '--ignore-checks', ...ignored]
  const { status, stdout, stderr } = spawnSync(join(bin, 'cfn-lint'), [...options, '--', ...files], {
    encoding: 'utf8',
  })
  if (status === null) throw new Trouble(`cfn-lint did not run: ${stderr}`)
  return `${stdout}${stderr}`
}

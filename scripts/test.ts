import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { binary, localFolder, repository } from './local/folders.ts'
import { runForeground } from './local/foreground.ts'

type Counts = { readonly passed: number; readonly failed: number }

const quick = ['unit', 'judged', 'infra']
const onStack = ['contract', 'integration', 'e2e', 'faults', 'restart', 'permissions']
/** On a stack of its own, of which nothing is left. */
const destructive = ['recovery']

const everything = [[...projects(quick), '--maxWorkers=100%'], projects(onStack), projects(destructive)]

/** Runs all projects, those that need no stack first, and ends with one line of counts. */
async function main(args: readonly string[]): Promise<number> {
  const runs = args.length > 0 ? [args] : everything
  // Only then is a right that no test used a right too many (test/permissions).
  if (args.length === 0) process.env.WHOLE_RUN = 'yes'
  let passed = 0
  let failed = 0
  let code = 0
  for (const run of runs) {
    const outcome = await vitest(run)
    passed += outcome.counts.passed
    failed += outcome.counts.failed
    code ||= outcome.code
  }
  console.log(`${passed} passed, ${failed} failed`)
  return code
}

function projects(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => ['--project', name])
}

async function vitest(args: readonly string[]): Promise<{ code: number; counts: Counts }> {
  const folder = join(localFolder, 'logs')
  const report = join(folder, `vitest-${process.pid}.json`)
  mkdirSync(folder, { recursive: true })
  rmSync(report, { force: true })
  const code = await runForeground(
    binary('vitest'),
    [
      'run',
      ...args,
      ...['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ],
    repository,
  )
  const counts = countsOf(report, code)
  rmSync(report, { force: true })
  return { code, counts }
}

/** A file that cannot even be loaded counts as one failure, and so does a run that ends without a report. */
function countsOf(report: string, code: number): Counts {
  if (!existsSync(report)) return { passed: 0, failed: code === 0 ? 0 : 1 }
  const { numPassedTests: passed, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const broken = testResults.filter(
    (file: { status: string; assertionResults: readonly unknown[] }) =>
      file.status === 'failed' && file.assertionResults.length === 0,
  ).length
  const failed = numFailedTests + broken
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
}

process.exit(await main(process.argv.slice(2)))

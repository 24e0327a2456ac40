import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, it } from 'vitest'
import { acknowledged, checkAgainstSolutions } from '../../infra/solutions-checks.ts'
import { provisionedTable } from '../support/provisioned-table.ts'
import { pushTargets } from '../support/pushed-lists.ts'
import { buildInto } from '../support/stack-templates.ts'

const everySetting = { crl_push: JSON.stringify(pushTargets), table: JSON.stringify(provisionedTable) }

type Found = { readonly rule: string; readonly at: string }

type Report = {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string
      readonly violatingConstructs: readonly { readonly constructPath: string }[]
    }[]
  }[]
}

/** What AWS Solutions finds in a stage, by the report that `cdk synth` writes. */
function findings(context: object, check: (app: App) => void): readonly Found[] {
  const before = process.exitCode
  // The library's own check against AWS's schemas is not this one, and takes seconds.
  process.env.CDK_VALIDATION = 'false'
  const app = new App({ context: { '@aws-cdk/aws-iam:minimizePolicies': true } })
  buildInto(app, context)
  check(app)
  try {
    app.synth()
  } catch {
    // It throws where it finds something; the report says what.
  }
  process.exitCode = before
  const file = join(app.outdir, 'validation-report.json')
  if (!existsSync(file)) return []
  const { pluginReports } = JSON.parse(readFileSync(file, 'utf8')) as Report
  return pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => ({ rule: ruleName, at: constructPath })),
    ),
  )
}

describe('AWS Solutions (cdk-nag)', () => {
  it('finds nothing in a production stage that is not acknowledged', () => {
    expect(findings({ stage: 'prod' }, checkAgainstSolutions)).toEqual([])
  })

  it('finds nothing either where lists are given to others', () => {
    expect(findings({ stage: 'prod', ...everySetting }, checkAgainstSolutions)).toEqual([])
  })

  it('finds each acknowledged thing, so that no reason outlives its cause', () => {
    const found = findings({ stage: 'dev', ...everySetting }, (app) =>
      Validations.of(app).addPlugins(new AwsSolutionsChecks(app)),
    )
    const stale = acknowledged.filter(
      ({ rule, at }) => !found.some((one) => one.rule === `AwsSolutions-${rule}` && at.test(one.at)),
    )
    expect(stale).toEqual([])
  })
})

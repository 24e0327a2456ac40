import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { deployed } from './cost/deployed.ts'
import { idleMonth } from './cost/idle-month.ts'
import { report } from './cost/report.ts'
import { meterIdle, meterIssuances } from './cost/runs.ts'

const usage = `npm run cost -- [options]

Meters one issuance that needs nobody else, one that somebody approves, and a
month in which nothing is asked, on the deployed functions' own code in memory,
and prices them from scripts/cost/prices.ts. Needs no AWS account.

  --to FILE       writes it there, too
  --help          this text`

const { values } = parseArgs({
  options: { to: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const issuances = await meterIssuances()
const text = report({ ...issuances, idle: idleMonth(await meterIdle(), deployed()) })
console.log(text)
if (values.to !== undefined) writeFileSync(values.to, `${text}\n`)

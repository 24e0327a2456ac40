import type { Metered } from './meter.ts'
import { beyondAllowances, bill, pricesAsOf, privateCa, sumOf, times, totalOf, type Usage } from './prices.ts'

type Run = { readonly ungated: Metered; readonly gated: Metered; readonly idle: Usage }

/** Dollars: for 1,000 certificates, and for a month. */
const goals = { ungated: 0.035, more_gated: 0.12, idle: 7 } as const

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map((_, n) => (n === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

const dollars = (usd: number, digits = 4): string =>
  `$${usd.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`

const amount = (quantity: number): string =>
  quantity.toLocaleString('en-US', { maximumFractionDigits: quantity < 10 ? 4 : 0 })

const items = (usage: Usage, digits?: number): string =>
  table(
    ['', 'used', 'costs'],
    [
      ...bill(usage).map(({ says, quantity, usd }) => [says, amount(quantity), dollars(usd, digits)]),
      ['**all**', '', `**${dollars(totalOf(usage), digits)}**`],
    ],
  )

type Outcome = { readonly listed: number; readonly with_allowances: number }

const judged = (usd: number, goal: number): readonly string[] => [
  dollars(usd, 3),
  usd <= goal ? 'met' : 'missed',
]

const verdict = (what: string, { listed, with_allowances }: Outcome, goal: number): readonly string[] => [
  what,
  dollars(goal, 3),
  ...judged(listed, goal),
  ...judged(with_allowances, goal),
]

/** At list prices, and as what a month's bill grows by where nothing else than the idle month used the allowances. */
const added = (idle: Usage, more: Usage): Outcome => ({
  listed: totalOf(more),
  with_allowances: totalOf(beyondAllowances(sumOf(idle, more))) - totalOf(beyondAllowances(idle)),
})

const less = (a: Outcome, b: Outcome): Outcome => ({
  listed: a.listed - b.listed,
  with_allowances: a.with_allowances - b.with_allowances,
})

const calls = ({ calls: made, invocations }: Metered): string =>
  Object.entries({ ...made, ...invocations })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

const writes = ({ writes: units }: Metered): string =>
  Object.entries(units)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ')

/** A month of so many certificates; what is kept is a year's worth of items, of which a month is added each month. */
function month({ idle, ...issued }: Run, certificates: number, which: 'ungated' | 'gated'): Usage {
  const { usage, kept, series } = issued[which]
  const stored = {
    table_gb_months: (kept.with_indexes * certificates * 12) / 1e9,
    backup_gb_months: (kept.items * certificates * 12) / 1e9,
    log_gb_months: (usage.log_gigabytes ?? 0) * certificates * 12,
    metric_months: series.length,
  }
  return sumOf(idle, times(usage, certificates), stored)
}

const volumes = [3, 4, 5, 6, 7].map((power) => 10 ** power)

/** What `npm run cost` prints: Markdown, for people and for docs/operator/cost.md. */
export function report(run: Run): string {
  const [ungated, gated] = [times(run.ungated.usage, 1000), times(run.gated.usage, 1000)]
  const [one, other] = [added(run.idle, ungated), added(run.idle, gated)]
  const idle = { listed: totalOf(run.idle), with_allowances: totalOf(beyondAllowances(run.idle)) }
  return [
    `Prices of us-east-1 as of ${pricesAsOf}, on demand. *Allowances* are what every account has each month for as long as it exists; the table has both, and what follows it is at list prices unless it says otherwise.`,
    table(
      ['', 'goal', 'list price', '', 'with allowances', ''],
      [
        verdict('1,000 certificates that need nobody else', one, goals.ungated),
        verdict('what it costs more that somebody approves each', less(other, one), goals.more_gated),
        verdict('a month in which nothing is asked', idle, goals.idle),
      ],
    ),
    '### 1,000 certificates that need nobody else',
    items(ungated),
    `One of them: ${calls(run.ungated)}.`,
    `Its write units: ${writes(run.ungated)}.`,
    '### 1,000 certificates, each approved by somebody else',
    items(gated),
    `One of them: ${calls(run.gated)}.`,
    `Its write units: ${writes(run.gated)}.`,
    '### A month in which nothing is asked',
    items(run.idle, 2),
    'The same with allowances:',
    items(beyondAllowances(run.idle), 2),
    '### By the month',
    table(
      [
        'certificates a month',
        'ungated',
        'gated',
        'ungated, with allowances',
        'gated, with allowances',
        'AWS Private CA, general purpose',
        'short-lived mode',
      ],
      volumes.map((count) => [
        count.toLocaleString('en-US'),
        dollars(totalOf(month(run, count, 'ungated')), 0),
        dollars(totalOf(month(run, count, 'gated')), 0),
        dollars(totalOf(beyondAllowances(month(run, count, 'ungated'))), 0),
        dollars(totalOf(beyondAllowances(month(run, count, 'gated'))), 0),
        dollars(privateCa.general_purpose(count), 0),
        dollars(privateCa.short_lived(count), 0),
      ]),
    ),
  ].join('\n\n')
}

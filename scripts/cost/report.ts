import type { Metered } from './meter.ts'
import { beyondAllowances, bill, pricesAsOf, privateCa, sumOf, times, totalOf, type Usage } from './prices.ts'
import { monthly, otherUtilizations, steadily, targetUtilization, unitsOf } from './provisioned.ts'

type Used = Pick<Metered, 'usage' | 'units'>

type Run = { readonly ungated: Metered; readonly gated: Metered; readonly idle: Used }

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

/** At list prices, and with allowances. */
type Outcome = { readonly listed: number; readonly with_allowances: number }

const judged = (usd: number, goal: number): readonly string[] => [
  dollars(usd, 3),
  usd <= goal ? 'met' : 'missed',
]

const verdict = (what: string, goal: number, outcomes: readonly Outcome[]): readonly string[] => [
  what,
  dollars(goal, 3),
  ...outcomes.flatMap(({ listed, with_allowances }) => [
    ...judged(listed, goal),
    ...judged(with_allowances, goal),
  ]),
]

const outcomeOf = (usage: Usage): Outcome => ({
  listed: totalOf(usage),
  with_allowances: totalOf(beyondAllowances(usage)),
})

const less = (a: Outcome, b: Outcome): Outcome => ({
  listed: a.listed - b.listed,
  with_allowances: a.with_allowances - b.with_allowances,
})

/** What a month's bill grows by where nothing else than the idle month used the allowances. */
const added = (idle: Usage, more: Usage): Outcome => less(outcomeOf(sumOf(idle, more)), outcomeOf(idle))

const thousand = ({ usage, units }: Used): Used => ({
  usage: times(usage, 1000),
  units: unitsOf([[{ units }, 1000]]),
})

/** What the three goals are judged by, on one kind of capacity. */
const outcomesOn = (idle: Usage, ungated: Usage, gated: Usage) => {
  const [one, other] = [added(idle, ungated), added(idle, gated)]
  return { one, more: less(other, one), idle: outcomeOf(idle) }
}

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
function month({ idle, ...issued }: Run, certificates: number, which: 'ungated' | 'gated'): Used {
  const metered = issued[which]
  const { usage, kept, series } = metered
  const stored = {
    table_gb_months: (kept.with_indexes * certificates * 12) / 1e9,
    backup_gb_months: (kept.items * certificates * 12) / 1e9,
    log_gb_months: (usage.log_gigabytes ?? 0) * certificates * 12,
    metric_months: series.length,
  }
  return {
    usage: sumOf(idle.usage, times(usage, certificates), stored),
    units: unitsOf([
      [idle, 1],
      [metered, certificates],
    ]),
  }
}

const volumes = [3, 4, 5, 6, 7].map((power) => 10 ** power)

/** A month on both kinds of capacity. */
const both = (used: Used) => [used.usage, monthly(used)] as const

/** From how many certificates a month on, by the ten thousand, capacity by the hour costs no more. */
const paysFrom = (run: Run, which: 'ungated' | 'gated'): number => {
  for (let count = 10_000; count < 10 ** 8; count += 10_000) {
    const [onDemand, provisioned] = both(month(run, count, which))
    if (totalOf(provisioned) <= totalOf(onDemand)) return count
  }
  throw new RangeError('capacity by the hour never pays')
}

const cheaper = (used: Used): string => {
  const [onDemand, provisioned] = both(used).map((usage) => totalOf(beyondAllowances(usage)))
  if (onDemand === undefined || provisioned === undefined) return ''
  return provisioned < onDemand
    ? `${dollars(provisioned, 0)} provisioned`
    : `${dollars(onDemand, 0)} on demand`
}

const whole = (count: number): string => count.toLocaleString('en-US')

/** What a month costs by what is issued in it, on both kinds of capacity, beside what AWS asks for a CA of its own. */
const byTheMonth = (run: Run): string =>
  table(
    [
      'certificates a month',
      'ungated, on demand',
      'provisioned',
      'gated, on demand',
      'provisioned',
      'ungated, with allowances',
      'gated, with allowances',
      'AWS Private CA, general purpose',
      'short-lived mode',
    ],
    volumes.map((count) => [
      whole(count),
      ...(['ungated', 'gated'] as const).flatMap((which) =>
        both(month(run, count, which)).map((usage) => dollars(totalOf(usage), 0)),
      ),
      ...(['ungated', 'gated'] as const).map((which) => cheaper(month(run, count, which))),
      dollars(privateCa.general_purpose(count), 0),
      dollars(privateCa.short_lived(count), 0),
    ]),
  )

/** What `npm run cost` prints: Markdown, for people and for docs/operator/cost.md. */
export function report(run: Run): string {
  const [ungated, gated] = [thousand(run.ungated), thousand(run.gated)]
  const onDemand = outcomesOn(run.idle.usage, ungated.usage, gated.usage)
  const provisioned = outcomesOn(monthly(run.idle), steadily(ungated), steadily(gated))
  return [
    `Prices of us-east-1 as of ${pricesAsOf}. *Allowances* are what every account has each month for as long as it exists. *On demand*, the table is paid for by the request; *provisioned*, by the hour, for a steady load that uses ${targetUtilization * 100} % of what is provided. What follows the first table is on demand and at list prices unless it says otherwise.`,
    table(
      ['', 'goal', 'on demand', '', 'with allowances', '', 'provisioned', '', 'with allowances', ''],
      [
        verdict('1,000 certificates that need nobody else', goals.ungated, [onDemand.one, provisioned.one]),
        verdict('what it costs more that somebody approves each', goals.more_gated, [
          onDemand.more,
          provisioned.more,
        ]),
        verdict('a month in which nothing is asked', goals.idle, [onDemand.idle, provisioned.idle]),
      ],
    ),
    `At another use of what is provided, 1,000 certificates that need nobody else cost, at list prices: ${otherUtilizations
      .map((use) => `${dollars(totalOf(steadily(ungated, use)))} at ${use * 100} %`)
      .join(', ')}.`,
    `At list prices, provisioned capacity costs no more from ${whole(paysFrom(run, 'ungated'))} certificates a month on that need nobody else, or ${whole(paysFrom(run, 'gated'))} that somebody approves.`,
    '### 1,000 certificates that need nobody else',
    items(ungated.usage),
    'The same on provisioned capacity:',
    items(steadily(ungated)),
    `One of them: ${calls(run.ungated)}.`,
    `Its write units: ${writes(run.ungated)}.`,
    '### 1,000 certificates, each approved by somebody else',
    items(gated.usage),
    'The same on provisioned capacity:',
    items(steadily(gated)),
    `One of them: ${calls(run.gated)}.`,
    `Its write units: ${writes(run.gated)}.`,
    '### A month in which nothing is asked',
    items(run.idle.usage, 2),
    'The same with allowances:',
    items(beyondAllowances(run.idle.usage), 2),
    'On provisioned capacity, of the least that a stage may have, with the alarms that come with it:',
    items(monthly(run.idle), 2),
    '### By the month',
    byTheMonth(run),
  ].join('\n\n')
}

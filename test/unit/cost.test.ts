import { beforeAll, describe, expect, it } from 'vitest'
import { itemSize, writeUnits } from '../../scripts/cost/capacity.ts'
import { beyondAllowances, bill, prices, privateCa, totalOf } from '../../scripts/cost/prices.ts'
import { monthly, steadily, targetUtilization, unitsOf } from '../../scripts/cost/provisioned.ts'
import { meterIdle, meterIssuances } from '../../scripts/cost/runs.ts'
import { provisionedTable } from '../support/provisioned-table.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

type Metered = Awaited<ReturnType<typeof meterIssuances>>

const whole = ({
  log_gigabytes: _,
  lambda_gb_seconds: __,
  express_gb_seconds: ___,
  ...counted
}: Metered['ungated']['usage']) => counted

/** What an issuance costs is decided here: whoever changes a figure changes the bill of everybody. */
describe('one issuance', () => {
  let metered: Metered

  beforeAll(async () => {
    metered = await meterIssuances()
  })

  it('that needs nobody else uses so much, and no more', () => {
    expect(whole(metered.ungated.usage)).toEqual({
      http_requests: 2,
      lambda_requests: 6,
      sqs_requests: 3,
      ecc_requests: 1,
      read_units: 24,
      write_units: 52,
    })
    expect(metered.ungated.writes).toEqual({
      'JOB JOB': 6,
      'JOB JOB (indexes)': 4,
      'JOB EVENT': 6,
      'JOB EVENT (indexes)': 7,
      'JOB CONTENT': 4,
      'JOB CONTENT (indexes)': 0,
      'CERTIFICATE CERTIFICATE': 4,
      'CERTIFICATE CERTIFICATE (indexes)': 3,
      'CERTIFICATE VERSION': 4,
      'CERTIFICATE VERSION (indexes)': 0,
      'CERTIFICATE RENEWAL': 2,
      'CERTIFICATE RENEWAL (indexes)': 1,
      'SERIAL STATUS': 2,
      'SERIAL STATUS (indexes)': 4,
      'KEYUSE USE': 1,
      'KEYUSE USE (indexes)': 0,
      conditions: 4,
    })
    expect(metered.ungated.calls).toEqual({
      'dynamodb:BatchGetItem': 3,
      'dynamodb:GetItem': 8,
      'dynamodb:PutItem': 1,
      'dynamodb:Query': 7,
      'dynamodb:TransactWriteItems': 3,
      'kms:Sign': 1,
      'sqs:SendMessage': 1,
    })
    expect(metered.ungated.invocations).toEqual({
      'api-submit': 1,
      relay: 2,
      'worker-kms': 1,
      'watch-key-use': 1,
      'api-read': 1,
    })
  })

  it('that one other person approves takes two transitions and a second signature', () => {
    expect(whole(metered.gated.usage)).toEqual({
      http_requests: 4,
      lambda_requests: 15,
      sqs_requests: 9,
      topic_requests: 2,
      transitions: 2,
      express_requests: 1,
      ecc_requests: 2,
      read_units: 54,
      write_units: 86,
    })
    expect(metered.gated.calls).toEqual({
      'dynamodb:BatchGetItem': 5,
      'dynamodb:DeleteItem': 1,
      'dynamodb:GetItem': 14,
      'dynamodb:PutItem': 4,
      'dynamodb:Query': 19,
      'dynamodb:TransactWriteItems': 4,
      'kms:Sign': 2,
      'sns:Publish': 2,
      'sqs:SendMessage': 3,
      'states:SendTaskSuccess': 1,
      'states:StartExecution': 1,
    })
    expect(metered.gated.invocations).toEqual({
      'api-submit': 1,
      relay: 6,
      'workflow-park': 1,
      'worker-notify': 2,
      'api-read': 2,
      'api-decide': 1,
      'worker-kms': 1,
      'watch-key-use': 1,
    })
  })

  it('logs less than 2.5 kB, and 17 kB where somebody approves, the history of the execution with it', () => {
    expect(metered.ungated.usage.log_gigabytes).toBeLessThan(2.5e-6)
    expect(metered.gated.usage.log_gigabytes).toBeLessThan(17e-6)
  })
})

describe('a table that is paid for by the hour', () => {
  const nothing = unitsOf([])

  it('takes, of a steady load, the goals for what is issued', async () => {
    const { ungated, gated } = await meterIssuances()
    const [one, other] = [ungated, gated].map((metered) => 1000 * totalOf(steadily(metered)))
    if (one === undefined || other === undefined) throw new Error('nothing was issued')
    expect(one).toBeLessThanOrEqual(0.035)
    expect(other - one).toBeLessThanOrEqual(0.12)
  })

  it('is left out of what is paid by the request, and nothing else is', async () => {
    const { gated } = await meterIssuances()
    expect(steadily(gated)).toMatchObject({ write_units: 2, read_units: 1, ecc_requests: 2 })
    const { write_unit_hours = 0, read_unit_hours = 0 } = steadily(gated)
    expect(write_unit_hours * 3600 * targetUtilization).toBeCloseTo(84, 8)
    expect(read_unit_hours * 3600 * targetUtilization).toBeCloseTo(53, 8)
  })

  it.each([
    ['the least of everything where nothing is asked', 0, 7],
    ['whole units of the table, and the least of each index', 100 * 30 * 24 * 3600 * targetUtilization, 106],
    ['one more for the least bit more', 1 + 100 * 30 * 24 * 3600 * targetUtilization, 107],
  ])('has %s', (_, writes, provided) => {
    const units = { ...nothing, table: { reads: 0, writes } }
    const usage = monthly({ usage: { write_units: writes }, units })
    expect(usage).toMatchObject({
      write_unit_hours: provided * 720,
      read_unit_hours: 7 * 720,
      alarm_months: 4 * 14 + 7,
    })
    expect(usage.write_units ?? 0).toBe(0)
  })

  it('has as many alarms of ours more as its templates say', () => {
    const table = JSON.stringify(provisionedTable)
    const count = (context: object) =>
      ofType(synthesize('prod', context).resources, 'AWS::CloudWatch::Alarm').length
    expect(count({ table }) - count({})).toBe(7)
  })
})

describe('a month in which nothing is asked', () => {
  it('sends three metrics: the age of each list and of the oldest, and no nought', async () => {
    const idle = await meterIdle()
    const series = new Set(Object.values(idle).flatMap((metered) => metered.series))
    expect([...series].toSorted()).toEqual([
      'crl_age_seconds service=countersign issuer_id=all',
      'crl_age_seconds service=countersign issuer_id=iss-root',
      'crl_age_seconds service=countersign issuer_id=iss-web',
    ])
  })

  it('asks the table for so much in a sweep, in a look at renewals, and in a refresh', async () => {
    const { tend, renew, refresh } = await meterIdle()
    expect([tend, renew, refresh].map(({ calls }) => calls)).toEqual([
      { 'dynamodb:Query': 2 },
      { 'dynamodb:GetItem': 1, 'dynamodb:Query': 8 },
      { 'dynamodb:GetItem': 6, 'dynamodb:Query': 2 },
    ])
  })
})

const inNoIndex = { gsi1: 0, gsi2: 0, gsi3: 0, gsi4: 0, gsi5: 0, gsi6: 0 }

const row = (octets: number, more: object = {}) => ({ pk: 'p', sk: 's', ...more, x: 'x'.repeat(octets) })

describe('write units', () => {
  it.each([
    ['a kilobyte, twice for the transaction', null, row(1000), 2],
    ['the next kilobyte counts whole', null, row(1024), 4],
    ['the larger of what was there and what is', row(2500), row(10), 6],
  ])('%s', (_, before, after, units) => {
    expect(writeUnits(before, after, true)).toEqual({ table: units, by_index: inNoIndex })
  })

  it.each([
    ['one for what comes', {}, { gsi1pk: 'a', gsi1sk: 'b' }, 1],
    ['one for what goes', { gsi1pk: 'a', gsi1sk: 'b' }, {}, 1],
    ['two for what moves', { gsi1pk: 'a', gsi1sk: 'b' }, { gsi1pk: 'c', gsi1sk: 'b' }, 2],
    ['none for what keeps its keys in an index of keys', key1('a', 1), key1('a', 2), 0],
    ['one for what changes in the index of whole rows', key6('a', 1), key6('a', 2), 1],
  ])('of an index: %s', (_, before, after, units) => {
    const { by_index } = writeUnits(row(10, before), row(10, after), true)
    expect(Object.values(by_index).reduce((sum, one) => sum + one, 0)).toBe(units)
  })

  it('count names and values of an item as DynamoDB does', () => {
    expect(itemSize({ pk: 'ab', n: 1234, none: null, list: ['a'], map: { é: true } })).toBe(
      2 + 2 + (1 + 3) + (4 + 1) + (4 + 3 + 1 + 1) + (3 + 3 + 1 + 2 + 1),
    )
  })
})

describe('a bill', () => {
  it('has the dearest first, and adds up', () => {
    const usage = { transitions: 4000, write_units: 1_000_000 }
    expect(bill(usage).map(({ name, usd }) => [name, usd])).toEqual([
      ['write_units', prices.write_units.usd],
      ['transitions', 0.1],
    ])
    expect(totalOf(usage)).toBeCloseTo(0.725, 10)
  })

  it('leaves out what every account has each month, and no more than was used', () => {
    const usage = { transitions: 5000, alarm_months: 7, ecc_requests: 100, write_units: 10 }
    expect(beyondAllowances(usage)).toMatchObject({
      transitions: 1000,
      alarm_months: 0,
      ecc_requests: 100,
      write_units: 10,
    })
  })

  it.each([
    [0, 400, 50],
    [1000, 1150, 108],
    [10_000, 4300, 630],
    [10_001, 4300.001, 630.058],
  ])('of AWS Private CA for %d certificates goes by its tiers', (count, general, short) => {
    expect(privateCa.general_purpose(count)).toBeCloseTo(general, 6)
    expect(privateCa.short_lived(count)).toBeCloseTo(short, 6)
  })
})

function key1(key: string, n: number) {
  return { gsi1pk: key, gsi1sk: 'b', n }
}

function key6(key: string, n: number) {
  return { gsi6pk: key, gsi6sk: 'b', n }
}

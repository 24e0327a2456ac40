import { describe, expect, it } from 'vitest'
import { stageNames, stageOf } from '../../infra/config.ts'
import { indexes } from '../../infra/grants.ts'
import { provisionedTable } from '../support/provisioned-table.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

const context = { table: JSON.stringify(provisionedTable) }

const withChange = (change: object) => ({ table: JSON.stringify({ ...provisionedTable, ...change }) })

describe.each(stageNames)('The table of stage %s', (name) => {
  it('is paid for by the request, unless it is told otherwise', () => {
    const { resources } = synthesize(name)
    for (const table of ofType(resources, 'AWS::DynamoDB::Table'))
      expect(table).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' })
    expect(ofType(resources, 'AWS::ApplicationAutoScaling::ScalableTarget')).toEqual([])
  })
})

describe('A table with provisioned capacity', () => {
  const { resources, stage } = synthesize('prod', context)
  const [table, ...others] = ofType(resources, 'AWS::DynamoDB::Table').toSorted(
    (a, b) => (b.GlobalSecondaryIndexes?.length ?? 0) - (a.GlobalSecondaryIndexes?.length ?? 0),
  )
  const targets = ofType(resources, 'AWS::ApplicationAutoScaling::ScalableTarget')
  const policies = ofType(resources, 'AWS::ApplicationAutoScaling::ScalingPolicy')
  const throughput = { ReadCapacityUnits: 2, WriteCapacityUnits: 5 }

  it('begins with the least, itself and in each index', () => {
    expect(stage.table).toEqual(provisionedTable)
    expect(table).toMatchObject({ ProvisionedThroughput: throughput })
    expect(table.BillingMode ?? 'PROVISIONED').toBe('PROVISIONED')
    expect(table.GlobalSecondaryIndexes).toHaveLength(indexes.length)
    for (const index of table.GlobalSecondaryIndexes) expect(index.ProvisionedThroughput).toEqual(throughput)
  })

  it('leaves the tokens of the workflow on demand', () => {
    expect(others.map(({ BillingMode }) => BillingMode)).toEqual(['PAY_PER_REQUEST'])
  })

  it.each([
    ['table', 'Read', 2, 200],
    ['table', 'Write', 5, 500],
    ['index', 'Read', 2, 200],
    ['index', 'Write', 5, 500],
  ])('scales each %s by its %s units between %d and %d', (kind, what, least, most) => {
    const found = targets.filter(
      ({ ScalableDimension }) => ScalableDimension === `dynamodb:${kind}:${what}CapacityUnits`,
    )
    expect(found).toHaveLength(kind === 'table' ? 1 : indexes.length)
    for (const target of found)
      expect(target).toMatchObject({ MinCapacity: least, MaxCapacity: most, ServiceNamespace: 'dynamodb' })
  })

  it('scales to what is used of it, by what DynamoDB counts', () => {
    expect(policies).toHaveLength(targets.length)
    for (const { PolicyType, TargetTrackingScalingPolicyConfiguration: tracking } of policies) {
      expect(PolicyType).toBe('TargetTrackingScaling')
      expect(tracking.TargetValue).toBe(70)
      expect(tracking.PredefinedMetricSpecification.PredefinedMetricType).toMatch(
        /^DynamoDB(Read|Write)CapacityUtilization$/,
      )
    }
  })

  it('tells people when reads are turned away, and writes for the sake of an index', () => {
    const named = ofType(resources, 'AWS::CloudWatch::Alarm').filter(({ MetricName }) =>
      /ThrottleEvents$/.test(MetricName),
    )
    expect(named.map(({ AlarmName }) => AlarmName).toSorted()).toEqual(
      ['table-throttles', 'table-read-throttles', ...indexes.map((index) => `${index}-throttles`)]
        .map((id) => `countersign-prod-${id}`)
        .toSorted(),
    )
  })

  it('gives nobody a right more: auto scaling has a role of its own in every account', () => {
    const rights = ({ resources: all }: { readonly resources: typeof resources }) =>
      ['AWS::IAM::Role', 'AWS::IAM::Policy'].map((type) => ofType(all, type))
    expect(rights({ resources })).toEqual(rights(synthesize('prod')))
  })

  it.each([
    ['a utilization that leaves no room', { target_utilization: 95 }],
    ['a utilization of next to nothing', { target_utilization: 10 }],
    ['no capacity at all', { write: { minimum: 0, maximum: 10 } }],
    ['less at most than at least', { read: { minimum: 20, maximum: 10 } }],
    ['a part of a unit', { read: { minimum: 1.5, maximum: 10 } }],
    ['a kind that nobody knows', { capacity: 'reserved' }],
    ['bounds for a table on demand', { capacity: 'on_demand' }],
  ])('is refused with %s', (_, change) => {
    expect(() => stageOf({ stage: 'prod', ...withChange(change) })).toThrow()
  })
})

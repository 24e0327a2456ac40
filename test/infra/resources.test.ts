import { beforeAll, describe, expect, it } from 'vitest'
import { deployedIn, rowOf } from '../../infra/access.ts'
import { stageNames } from '../../infra/config.ts'
import { routes } from '../../lib/http/routes.ts'
import { ofType, type Synthesized, synthesize } from '../support/stack-templates.ts'

describe.each(stageNames)('resources of stage %s', (name) => {
  let synthesized: Synthesized

  beforeAll(() => {
    synthesized = synthesize(name)
  })

  const all = (type: string) => ofType(synthesized.resources, type)

  it('encrypts its tables, counts no capacity, and expires rows by ttl', () => {
    for (const table of all('AWS::DynamoDB::Table')) {
      expect(table.SSESpecification).toEqual({ SSEEnabled: true })
      expect(table.BillingMode).toBe('PAY_PER_REQUEST')
      expect(table.TimeToLiveSpecification).toEqual({ AttributeName: 'ttl', Enabled: true })
    }
  })

  it('keeps the table recoverable to a point in time, and streams both images', () => {
    synthesized.data.hasResourceProperties('AWS::DynamoDB::Table', {
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    })
  })

  it('has five indexes, the last with keys only', () => {
    const [table] = ofType(synthesized.data.toJSON().Resources, 'AWS::DynamoDB::Table')
    const indexes: { IndexName: string; Projection: { ProjectionType: string } }[] =
      table.GlobalSecondaryIndexes
    expect(indexes.map(({ IndexName, Projection }) => [IndexName, Projection.ProjectionType])).toEqual([
      ['gsi1', 'KEYS_ONLY'],
      ['gsi2', 'KEYS_ONLY'],
      ['gsi3', 'KEYS_ONLY'],
      ['gsi4', 'KEYS_ONLY'],
      ['gsi5', 'KEYS_ONLY'],
      ['gsi6', 'ALL'],
    ])
  })

  it('encrypts every queue, and sends what fails five times to its dead letters', () => {
    for (const queue of all('AWS::SQS::Queue')) expect(queue.SqsManagedSseEnabled).toBe(true)
    const working = all('AWS::SQS::Queue').filter(({ RedrivePolicy }) => RedrivePolicy)
    expect(working).toHaveLength(5)
    for (const { RedrivePolicy } of working) expect(RedrivePolicy.maxReceiveCount).toBe(5)
  })

  it('hides a message for six times as long as its worker may take', () => {
    const hidden = all('AWS::SQS::Queue').map(({ VisibilityTimeout }) => VisibilityTimeout)
    const workers = deployedIn(synthesized.stage).filter((id) => id.startsWith('worker-'))
    expect(workers).toHaveLength(5)
    for (const worker of workers) expect(hidden).toContain(6 * rowOf(worker).timeout_seconds)
  })

  it('reports failures of single messages and records from every event source', () => {
    const sources = all('AWS::Lambda::EventSourceMapping')
    expect(sources).toHaveLength(7)
    for (const source of sources) expect(source.FunctionResponseTypes).toEqual(['ReportBatchItemFailures'])
  })

  it('bisects, retries and finally keeps records of the streams', () => {
    const streams = all('AWS::Lambda::EventSourceMapping').filter(({ StartingPosition }) => StartingPosition)
    expect(streams).toHaveLength(2)
    for (const source of streams) {
      expect(source.BisectBatchOnFunctionError).toBe(true)
      expect(source.MaximumRetryAttempts).toBeGreaterThan(0)
      expect(source.DestinationConfig.OnFailure.Destination).toBeDefined()
      expect(source.FilterCriteria.Filters.length).toBeGreaterThan(0)
    }
  })

  it('runs every function on Node 24 on arm64, with a log group of its own', () => {
    for (const lambda of all('AWS::Lambda::Function')) {
      expect(lambda.Runtime).toBe('nodejs24.x')
      expect(lambda.Architectures).toEqual(['arm64'])
      expect(lambda.LoggingConfig.LogGroup).toBeDefined()
    }
  })

  it('keeps logs for as long as the stage says', () => {
    for (const group of all('AWS::Logs::LogGroup'))
      expect(group.RetentionInDays).toBe(synthesized.stage.log_retention_days)
  })

  it('routes every operation of the API, and everything else to the reader', () => {
    const keys = all('AWS::ApiGatewayV2::Route').map(({ RouteKey }) => RouteKey)
    expect(keys.sort()).toEqual([...routes.map(({ method, path }) => `${method} ${path}`), '$default'].sort())
  })

  it('lets no script of another origin call the API', () => {
    for (const api of all('AWS::ApiGatewayV2::Api')) expect(api.CorsConfiguration).toBeUndefined()
  })

  it('throttles the API and logs who calls it', () => {
    const [stage] = all('AWS::ApiGatewayV2::Stage')
    expect(stage.DefaultRouteSettings.ThrottlingRateLimit).toBeGreaterThan(0)
    expect(stage.AccessLogSettings.DestinationArn).toBeDefined()
  })

  it('tends, renews and refreshes on schedule', () => {
    const rates = all('AWS::Scheduler::Schedule').map(({ ScheduleExpression }) => ScheduleExpression)
    expect(rates.sort()).toEqual(Object.values(synthesized.stage.schedules).sort())
  })
})

describe('what a production stage keeps', () => {
  const prod = synthesize('prod').resources
  const dev = synthesize('dev').resources

  it.each(['AWS::KMS::Key', 'AWS::DynamoDB::Table'])('%s of the data stack is retained', (type) => {
    const kept = Object.values(synthesize('prod').data.toJSON().Resources as typeof prod)
      .filter((resource) => resource.Type === type)
      .map((resource) => (resource as { DeletionPolicy?: string }).DeletionPolicy)
    expect(new Set(kept)).toEqual(new Set(['Retain']))
  })

  it('its table is protected from deletion; that of dev is not', () => {
    const protection = (resources: typeof prod) =>
      ofType(resources, 'AWS::DynamoDB::Table').map(
        ({ DeletionProtectionEnabled }) => DeletionProtectionEnabled,
      )
    expect(protection(prod)).toContain(true)
    expect(protection(dev)).not.toContain(true)
  })
})

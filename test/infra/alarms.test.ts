import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { anchorOf } from '../../infra/alarms.ts'
import { stageNames } from '../../infra/config.ts'
import { pushTargets } from '../support/pushed-lists.ts'
import { ofType, type Synthesized, synthesize } from '../support/stack-templates.ts'

const runbook = readFileSync(join(import.meta.dirname, '../../docs/operator/runbook.md'), 'utf8')
const sections = [...runbook.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

describe.each(stageNames)('alarms of stage %s', (name) => {
  let synthesized: Synthesized

  beforeAll(() => {
    synthesized = synthesize(name)
  })

  const alarms = () => ofType(synthesized.resources, 'AWS::CloudWatch::Alarm')
  const named = (id: string) => alarms().find(({ AlarmName }) => AlarmName === `countersign-${name}-${id}`)

  it('each say where the runbook tells what to do', () => {
    for (const { AlarmName, AlarmDescription } of alarms()) {
      const [, anchor] = /docs\/operator\/runbook\.md#([a-z0-9-]+)$/.exec(AlarmDescription) ?? []
      expect(sections, AlarmName).toContain(anchor)
    }
  })

  it('each tell people, when they go off and when it is over', () => {
    for (const { AlarmActions, OKActions } of alarms()) {
      expect(AlarmActions).toHaveLength(1)
      expect(OKActions).toEqual(AlarmActions)
    }
  })

  it('watch every queue of dead letters', () => {
    const withoutRedrive = ofType(synthesized.resources, 'AWS::SQS::Queue').filter(
      ({ RedrivePolicy }) => RedrivePolicy === undefined,
    )
    const watched = alarms().filter(({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible')
    expect(new Set(watched.map(({ Dimensions }) => JSON.stringify(Dimensions))).size).toBe(
      withoutRedrive.length,
    )
  })

  it.each([
    ['crl-age', { MetricName: 'crl_age_seconds', Threshold: 64_800, TreatMissingData: 'breaching' }],
    ['tend-silent', { MetricName: 'Invocations', TreatMissingData: 'breaching' }],
    ['approval-age', { MetricName: 'approval_waiting_seconds', Threshold: 259_200 }],
    ['ocsp-faults', { MetricName: 'ocsp_requests_total' }],
    [
      'signatures-postponed',
      { MetricName: 'signatures_postponed', Threshold: 0, EvaluationPeriods: 4, DatapointsToAlarm: 2 },
    ],
    ['rows-unreadable', { MetricName: 'rows_unreadable', Threshold: 0, EvaluationPeriods: 1 }],
    ['stale-leases', { MetricName: 'leases_reclaimed' }],
    ['table-throttles', { MetricName: 'WriteThrottleEvents' }],
    ['api-faults', { MetricName: '5xx' }],
    ['workflow-failures', { MetricName: 'ExecutionsFailed', Threshold: 0 }],
  ])('%s watches its figure', (id, expected) => {
    expect(named(id)).toMatchObject(expected)
  })

  it('reach the topic: its policy lets CloudWatch and EventBridge of this account publish, and nobody without TLS', () => {
    const policies = ofType(synthesized.resources, 'AWS::SNS::TopicPolicy').flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    )
    const principals = policies
      .filter(({ Effect }) => Effect === 'Allow')
      .map(({ Principal }) => Principal.Service)
    expect(principals).toEqual(expect.arrayContaining(['cloudwatch.amazonaws.com', 'events.amazonaws.com']))
    expect(policies).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    )
  })

  it('look at one metric each: of an alarm over several, each would be paid for', () => {
    for (const { Metrics } of alarms()) expect(Metrics).toBeUndefined()
  })

  it('and all else on the dashboard are fewer metrics than AWS shows without charge in every account', () => {
    const [dashboard] = ofType(synthesized.resources, 'AWS::CloudWatch::Dashboard')
    const named = JSON.stringify(dashboard.DashboardBody).match(/\\"AWS\/[A-Za-z]+\\",/g) ?? []
    const searches = JSON.stringify(dashboard.DashboardBody).match(/SEARCH\(/g) ?? []
    // A search finds as many metrics as there are: few of them, but not none.
    expect(named.length).toBeGreaterThan(10)
    expect(named.length + searches.length).toBeLessThanOrEqual(40)
  })

  it('are all on the dashboard', () => {
    const [dashboard] = ofType(synthesized.resources, 'AWS::CloudWatch::Dashboard')
    const body = JSON.stringify(dashboard.DashboardBody)
    const ids = Object.entries(synthesized.resources).filter(
      ([, { Type }]) => Type === 'AWS::CloudWatch::Alarm',
    )
    for (const [id] of ids) expect(body).toContain(id)
  })
})

describe('alarms about what not every stage has', () => {
  const named = ({ resources }: Synthesized, id: string) =>
    ofType(resources, 'AWS::CloudWatch::Alarm').find(({ AlarmName }) => AlarmName === `countersign-dev-${id}`)

  it.each(['quarantined', 'crl-push-refused'])('%s is not there where it could never go off', (id) => {
    expect(named(synthesize('dev'), id)).toBeUndefined()
  })

  it('quarantined watches its figure in a stage with an authority, whose queue is then asked', () => {
    const arn = 'arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/0a1b'
    const context = { pca_authorities: JSON.stringify({ private: arn }) }
    expect(named(synthesize('dev', context), 'quarantined')).toMatchObject({
      MetricName: 'certificates_quarantined',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      Statistic: 'Sum',
      Dimensions: [
        { Name: 'issuer_id', Value: 'all' },
        { Name: 'service', Value: 'countersign' },
      ],
    })
    const sleeping = (synthesized: Synthesized) =>
      ofType(synthesized.resources, 'AWS::Lambda::EventSourceMapping').filter(
        ({ Enabled }) => Enabled === false,
      )
    expect(sleeping(synthesize('dev', context))).toEqual([])
    expect(sleeping(synthesize('dev'))).toHaveLength(1)
  })

  it('crl-push-refused watches its figure in a stage that gives its lists to others', () => {
    const synthesized = synthesize('dev', { crl_push: JSON.stringify(pushTargets) })
    expect(named(synthesized, 'crl-push-refused')).toMatchObject({
      MetricName: 'crl_pushes_total',
      Threshold: 0,
      Dimensions: [
        { Name: 'outcome', Value: 'refused' },
        { Name: 'service', Value: 'countersign' },
      ],
    })
  })
})

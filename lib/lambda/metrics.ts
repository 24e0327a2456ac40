import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Measure } from '../model/measures.ts'

const metrics = new Metrics({ namespace: 'Countersign', serviceName: 'countersign', singleMetric: true })

/** Writes observations to the log in CloudWatch's embedded metric format. */
export const measure = (measures: readonly Measure[]): void => {
  for (const { name, unit, value, dimensions } of measures) {
    const single = metrics.singleMetric()
    single.addDimensions({ ...dimensions })
    single.addMetric(name, unit === 'Count' ? MetricUnit.Count : MetricUnit.Seconds, value)
  }
}

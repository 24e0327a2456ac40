import type { App } from 'aws-cdk-lib'
import type { Stage } from './config.ts'
import { DataStack } from './data-stack.ts'
import { ServiceStack } from './service-stack.ts'

/** One stage of Countersign: two stacks, by how long they must live. */
export function build(app: App, stage: Stage, bundles: string) {
  const data = new DataStack(app, stage)
  const service = new ServiceStack(app, { stage, data, bundles })
  return { data, service }
}

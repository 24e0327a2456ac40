import { App } from 'aws-cdk-lib'
import * as z from 'zod'
import { stageOf } from './config.ts'
import { KeyStack } from './key-stack.ts'
import { checkAgainstSolutions } from './solutions-checks.ts'

/*
 * The CA keys of one stage, for an account of their own (docs/operator/key-custody.md):
 * cdk deploy --app "node infra/key-app.ts" -c stage=prod -c service_account=111122223333
 */
const app = new App()
const stage = stageOf({
  stage: app.node.tryGetContext('stage'),
  ca_keys: app.node.tryGetContext('ca_keys'),
})
const service_account = z
  .string()
  .regex(/^\d{12}$/, 'service_account: the account whose functions sign, twelve digits')
  .parse(app.node.tryGetContext('service_account'))
new KeyStack(app, stage, service_account)
checkAgainstSolutions(app)
app.synth()

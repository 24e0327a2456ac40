import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { build } from './build.ts'
import { bundle } from './bundle.ts'
import { stageOf } from './config.ts'

const app = new App()
const stage = stageOf({
  stage: app.node.tryGetContext('stage'),
  status_url: app.node.tryGetContext('status_url'),
  notifications: app.node.tryGetContext('notifications'),
  oidc_issuers: app.node.tryGetContext('oidc_issuers'),
})
build(app, stage, bundle(join(app.outdir, 'bundles')))
app.synth()

import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { build } from './build.ts'
import { bundle } from './bundle.ts'
import { stageOf } from './config.ts'
import { checkAgainstSolutions } from './solutions-checks.ts'

const app = new App()
const stage = stageOf({
  stage: app.node.tryGetContext('stage'),
  approval_bypass: app.node.tryGetContext('approval_bypass'),
  status_url: app.node.tryGetContext('status_url'),
  restored_table: app.node.tryGetContext('restored_table'),
  notifications: app.node.tryGetContext('notifications'),
  pca_authorities: app.node.tryGetContext('pca_authorities'),
  oidc_issuers: app.node.tryGetContext('oidc_issuers'),
  ca_keys: app.node.tryGetContext('ca_keys'),
  ca_key_arns: app.node.tryGetContext('ca_key_arns'),
  crl_push: app.node.tryGetContext('crl_push'),
})
build(app, stage, await bundle(join(app.outdir, 'bundles')))
// What goes to the emulator is checked where it goes to AWS: as dev and as prod.
if (stage.name !== 'local') checkAgainstSolutions(app)
app.synth()

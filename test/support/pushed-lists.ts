import type { PushTarget } from '../../lib/model/crl-push.ts'

const account = '000000000000'

/** Whom the stack under test gives the lists of an issuer that one test makes. */
export const pushTargets: readonly PushTarget[] = [
  {
    issuer_id: 'iss-pushed',
    to: 'roles-anywhere',
    arn: `arn:aws:rolesanywhere:us-east-1:${account}:trust-anchor/8f1c2d3e-0000-4000-8000-000000000001`,
  },
  {
    issuer_id: 'iss-pushed',
    to: 'alb-trust-store',
    arn: `arn:aws:elasticloadbalancing:us-east-1:${account}:truststore/partners/0123456789abcdef`,
  },
]

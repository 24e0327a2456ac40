import { randomBytes } from 'node:crypto'
import type { CertificatePlan, ValidityPeriod } from '../../lib/model/plan.ts'
import { assembleCertificate, tbsCertificate } from '../../lib/pki/certificate.ts'
import type { Authority, AuthorityChains, AuthorityOrder } from '../../lib/ports/authority.ts'
import { rootOf } from './pki-chain.ts'
import { keyOf, signWith } from './pki-keys.ts'

type Asked = { readonly plan: CertificatePlan; readonly period: ValidityPeriod }

/** AWS Private CA in memory: one root of its own, orders by token, and whatever mistakes a test wants of it. */
export type MemoryAuthority = Authority &
  AuthorityChains & {
    readonly orders: AuthorityOrder[]
    readonly revoked: string[]
    readonly reasons: string[]
    /** How many revocations it turns away from now on. */
    deaf: number
    /** How often a certificate is asked for in vain. */
    slow: number
    /** What it makes of an order. */
    mistake: (asked: Asked) => Asked
    /** Called before an order is placed: to turn it away. */
    beforeOrder: () => void
    /** Called before a certificate is asked for. */
    beforeCertificate: () => void
    /** Called once an order was placed: to crash the worker that placed it. */
    afterOrder: () => void
  }

export const memoryAuthority = (at: Date): MemoryAuthority => {
  const root = rootOf([{ type: 'CN', value: 'Private Root' }], keyOf('ECDSA_P256'), 'ECDSA_SHA_256', at)
  const made = new Map<string, Uint8Array>()
  const sign = ({ plan, period }: Asked): Uint8Array => {
    const serial = `5${randomBytes(16).toString('hex').slice(1)}`
    const tbs = tbsCertificate({ ...plan, serial }, period)
    return assembleCertificate(tbs, 'ECDSA_SHA_256', signWith(root.key.privateKey, 'ECDSA_SHA_256', tbs))
  }
  const self: MemoryAuthority = {
    orders: [],
    revoked: [],
    reasons: [],
    deaf: 0,
    slow: 0,
    mistake: (asked) => asked,
    beforeOrder: () => {},
    beforeCertificate: () => {},
    afterOrder: () => {},
    chain: async (name) => (name === 'private' ? root.pem : null),
    issue: async (order) => {
      self.beforeOrder()
      const arn = `arn:aws:acm-pca:us-east-1:000000000000:certificate/${order.token}`
      if (!made.has(arn)) {
        self.orders.push(order)
        made.set(arn, sign(self.mistake(order)))
      }
      self.afterOrder()
      return arn
    },
    certificate: async ({ certificate_arn }) => {
      self.beforeCertificate()
      if (self.slow > 0) {
        self.slow -= 1
        return null
      }
      return made.get(certificate_arn) ?? null
    },
    revoke: async ({ serial, reason }) => {
      if (self.deaf > 0) {
        self.deaf -= 1
        throw new Error('AWS Private CA answered RevokeCertificate with InternalFailure')
      }
      self.revoked.push(serial)
      self.reasons.push(reason)
    },
  }
  return self
}

import type { Grant } from './permission-grants.ts'

type Unused = { readonly fits: (grant: Grant) => boolean; readonly reason: string }

/** Rights that no run on this machine can use, and why they are there all the same: the only place for one. */
export const unusedWithReason: readonly Unused[] = [
  {
    fits: ({ role, action }) => role.endsWith('-worker-acm-pca') && !action.startsWith('logs:'),
    reason:
      'AWS Private CA is not in the emulator. The same code runs against moto in test/integration/acm-pca.test.ts, and on the ports in memory in test/unit/flows/authority.test.ts',
  },
  {
    fits: ({ role, action }) =>
      role.endsWith('-api-rules') && action === 'acm-pca:GetCertificateAuthorityCertificate',
    reason: 'As above: test/integration/acm-pca.test.ts reads the certificate of an authority in moto',
  },
  {
    fits: ({ role, action, resource }) =>
      role.endsWith('-relay') && action === 'sqs:SendMessage' && resource.includes('AcmPcaWork'),
    reason: 'As above: no issuer of the emulator has its jobs sent there',
  },
]

export const reasonFor = (grant: Grant): string | null =>
  unusedWithReason.find(({ fits }) => fits(grant))?.reason ?? null

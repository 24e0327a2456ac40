import { generateKeyPairSync, sign, webcrypto } from 'node:crypto'
import type { IssuerFacts } from '../../../lib/model/plan.ts'
import { profileDocument } from '../../../lib/model/profile.ts'
import { keyIdOf } from '../../../lib/pki/key-id.ts'
import { encodeName } from '../../../lib/pki/name.ts'

/** How all three sign. */
export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const caSpki = ca.publicKey.export({ format: 'der', type: 'spki' })

/** The same key, as WebCrypto has it. */
export const caKey = await webcrypto.subtle.importKey(
  'pkcs8',
  ca.privateKey.export({ format: 'der', type: 'pkcs8' }),
  algorithm,
  false,
  ['sign'],
)

/** One P-256 signature by node:crypto. */
export const signTbs = (tbs: Uint8Array) => sign('sha256', tbs, ca.privateKey)

export const issuer: IssuerFacts = {
  id: 'iss-bench',
  type: 'kms',
  certificate_sha256: 'ab'.repeat(32),
  subject: Buffer.from(encodeName([{ type: 'CN', value: 'Bench CA' }])).toString('base64'),
  key_id: keyIdOf(caSpki),
  signing_algorithm: 'ECDSA_SHA_256',
  name_constraints: [],
  not_after: '2100-01-01T00:00:00.000Z',
  crl_shards: 1,
}

export const document = profileDocument.parse({
  name: 'Bench',
  issuer_id: 'iss-bench',
  key_algorithms: ['ECDSA_P256'],
  subject_alternative_names: { dns: { domains: ['example.com'] } },
  validity: { default: 'P90D', max: 'P90D' },
})

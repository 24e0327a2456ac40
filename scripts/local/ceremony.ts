import { type Answer, type Api, changed, jobCompleted } from './api.ts'
import { Unexpected } from './unexpected.ts'

/** Carol administers, bob is the second person. */
export type Pair = { readonly admin: Api; readonly approver: Api }

/** A root CA and an issuing CA under it, through the same gate as everything else. */
export const issuers = [
  {
    id: 'iss-root',
    name: 'Countersign Local Root CA',
    type: 'kms',
    key: 'root',
    subject: [
      { type: 'O', value: 'Countersign Local' },
      { type: 'CN', value: 'Countersign Local Root CA' },
    ],
    lifetime: 'P3650D',
    path_length: 1,
  },
  {
    id: 'iss-web',
    name: 'Countersign Local Issuing CA',
    type: 'kms',
    key: 'issuing',
    parent_id: 'iss-root',
    subject: [
      { type: 'O', value: 'Countersign Local' },
      { type: 'CN', value: 'Countersign Local Issuing CA' },
    ],
    lifetime: 'P1825D',
    path_length: 0,
  },
] as const

const web = {
  issuer_id: 'iss-web',
  key_algorithms: ['ECDSA_P256', 'ECDSA_P384', 'RSA_2048', 'RSA_3072'],
  subject: { allowed: ['CN', 'O'] },
  subject_alternative_names: { dns: { domains: ['example.com'], wildcards: false } },
  extended_key_usage: ['serverAuth'],
  validity: { default: 'P90D', max: 'P90D', backdate: 'PT5M' },
}

export const profiles = [
  { id: 'p-prod-web', name: 'Production web', requires_approval: true, ...web },
  { id: 'p-dev-web', name: 'Development web', requires_approval: false, ...web },
] as const

/** An issuer of AWS Private CA, where there is one, and a profile under it that needs nobody else. */
const privateIssuer = 'iss-private'
export const privateProfile = {
  ...web,
  id: 'p-private-web',
  name: 'Private web',
  requires_approval: false,
  issuer_id: privateIssuer,
} as const

export async function importAuthority(pair: Pair, authority: string): Promise<void> {
  const body = { name: 'Private Root', authority }
  if (!(await exists(pair.admin.get(`/issuers/${privateIssuer}`))))
    await carryThrough(pair, pair.admin.post(`/issuers/${privateIssuer}/authority`, body))
}

export async function createIssuer(pair: Pair, issuer: (typeof issuers)[number]): Promise<void> {
  if (!(await exists(pair.admin.get(`/issuers/${issuer.id}`))))
    await carryThrough(pair, pair.admin.post('/issuers', issuer))
}

export async function createProfile(
  pair: Pair,
  profile: (typeof profiles)[number] | typeof privateProfile,
): Promise<void> {
  if (!(await exists(pair.admin.get(`/profiles/${profile.id}`))))
    await carryThrough(pair, pair.admin.post('/profiles', profile))
}

async function exists(looked: Promise<Answer>): Promise<boolean> {
  const { status, text } = await looked
  if (status !== 200 && status !== 404) throw new Unexpected('HTTP 200 or 404', `${status} ${text}`)
  return status === 200
}

/** From the request to the completed job, approved by the second person where that is asked for. */
async function carryThrough({ admin, approver }: Pair, request: Promise<Answer>): Promise<void> {
  const { job, approval } = await admin.expect(changed, 202, request)
  if (approval !== null)
    await approver.expect(changed.shape.approval, 200, approver.post(`/approvals/${approval.id}/approve`, {}))
  await jobCompleted(admin, job.id)
}

export type Example = { readonly request?: unknown; readonly response?: unknown }

const digest = '1f78efd0e95bf679d1133ca96ffbffc8515165c88f894c29591543399b1f5c30'
const asked_at = '2026-03-01T12:00:00.000Z'
const ticket = 'SECOPS-12345'
const reason = 'the new shop'

const certificate = {
  id: 'mc-zb01mxg286rz5mm3',
  name: 'shop.example.com',
  owner: 'web-team@example.com',
  team: 'web',
  profile_id: 'p-prod-web',
  issuer_id: 'iss-web',
  status: 'Active',
  current_version: 1,
  not_after: '2026-05-30T11:59:59.000Z',
  created_at: asked_at,
}

const requested = { ...certificate, status: 'Requested', current_version: 0, not_after: null }

const job = {
  id: 'job-h79mbencj6tv0zd8',
  type: 'Issuance',
  status: 'AwaitingApproval',
  digest,
  certificate_id: certificate.id,
  profile_id: 'p-prod-web',
  profile_version: 1,
  issuer_id: 'iss-web',
  owner: certificate.owner,
  requested_by: 'pr-alice',
  reason,
  ticket,
  attempts: 0,
  error_message: null,
  created_at: asked_at,
  updated_at: asked_at,
  approval_id: 'ar-h79mbencj6tv0zd8',
}

/** One renewal of a batch. */
const line = {
  certificate_id: certificate.id,
  replaces: 1,
  owner: certificate.owner,
  team: 'web',
  profile_id: 'p-prod-web',
  issuer_id: 'iss-web',
  subject: ['CN=shop.example.com'],
  names: ['dns:shop.example.com'],
  key_algorithm: 'ECDSA_P256',
  spki_sha256: digest,
  lifetime_seconds: 7_776_000,
  csr_sha256: digest,
  brought_by: 'pr-alice',
  content_sha256: digest,
}

/** What is about many certificates is about none in particular. */
const many = {
  certificate_id: null,
  profile_id: null,
  profile_version: null,
  owner: 'pr-alice',
  reason: 'SECOPS-12351: before the freeze',
}

const batch = { ...job, ...many, type: 'RenewalBatch', issuer_id: null }

const approval = {
  id: 'ar-h79mbencj6tv0zd8',
  state: 'pending',
  kind: 'Issuance',
  certificate_id: certificate.id,
  job_id: job.id,
  profile_id: 'p-prod-web',
  profile_version: 1,
  requested_by: 'pr-alice',
  owner: certificate.owner,
  reason,
  ticket,
  quorum: 1,
  stages: [{ name: 'approval', quorum: 1, eligible: { roles: ['approver'] } }],
  order: 'parallel',
  decisions: [],
  remind_at: [],
  escalation: null,
  created_at: asked_at,
  expires_at: '2026-03-08T12:00:00.000Z',
  digest,
}

const grant = {
  id: 'gr-h79mbencj6tv0zd8',
  certificate_id: certificate.id,
  profile_id: 'p-prod-web',
  profile_version: 1,
  subject: [{ type: 'CN', value: 'shop.example.com' }],
  subject_alternative_names: [{ type: 'dns', value: 'shop.example.com' }],
  key_algorithms: ['ECDSA_P256'],
  spki_sha256: null,
  lifetime_seconds: 7_776_000,
  issuances: 6,
  period: 'P45D',
  valid_from: asked_at,
  valid_until: '2027-03-01T00:00:00.000Z',
  requested_by: 'pr-alice',
  owner: certificate.owner,
  approved_by: ['pr-bob'],
  granted_at: '2026-03-01T12:30:05.000Z',
  withdrawn_at: null,
  withdrawn_by: null,
  job_id: job.id,
  state: 'active',
  state_detail: null,
  used: 1,
  remaining: 5,
  last_used_by: 'job-2v8xk0q4m6n1c3wz',
}

const grantJob = { ...job, type: 'GrantChange', issuer_id: null }

const decisionOf = (verdict: string, note: string) => ({
  by: 'pr-bob',
  name: 'Bob',
  email: 'bob@example.com',
  for: null,
  verdict,
  stage: verdict === 'approve' ? 'approval' : null,
  note,
  digest,
  time: '2026-03-01T12:30:00.000Z',
})

const document = {
  name: 'Production web',
  requires_approval: true,
  approval_policy: { quorum: 1, order: 'parallel', expires_after: 'P7D', reason_required: false },
  issuer_id: 'iss-web',
  key_algorithms: ['ECDSA_P256', 'RSA_2048'],
  subject: { allowed: ['CN', 'O'] },
  subject_alternative_names: { dns: { domains: ['example.com'], wildcards: false } },
  extended_key_usage: ['serverAuth'],
  validity: { default: 'P90D', max: 'P90D', backdate: 'PT5M' },
}

const alice = {
  id: 'pr-alice',
  version: 1,
  kind: 'person',
  name: 'Alice',
  email: 'alice@example.com',
  roles: ['operator'],
  teams: ['web'],
  status: 'active',
  created_at: asked_at,
  granted_by: null,
}

const key = {
  id: 'alice-4tq8w2mz',
  principal_id: 'pr-alice',
  created_at: asked_at,
  expires_at: '2027-03-01T00:00:00.000Z',
  disabled_at: null,
  last_used_at: '2026-03-04T09:00:00.000Z',
  granted_by: null,
}

const newKey = {
  ...key,
  last_used_at: null,
  token: `cs_${key.id}_this-is-no-key-but-an-example-of-what-one-is`,
}

const subject = {
  id: 'sub-0f2c9d1e7b6a4c3d8e5f0a1b2c3d4e5f',
  principal_id: 'pr-alice',
  issuer: 'https://login.example.com/',
  subject: '248289761001',
  created_at: asked_at,
  disabled_at: null,
  last_used_at: null,
  granted_by: null,
}

const delegation = {
  id: 'dl-4tq8w2mz9c0vhx3k',
  principal_id: 'pr-bob',
  delegate_id: 'pr-erin',
  from: '2026-07-01T00:00:00.000Z',
  until: '2026-07-22T00:00:00.000Z',
  note: 'on leave',
  created_at: asked_at,
  ended_at: null,
}

const event = {
  id: 'ev-pr-alice-2',
  chain: 'pr-alice',
  sequence: 2,
  time: asked_at,
  type: 'api_key_created',
  actor: 'pr-carol',
  actor_type: 'Person',
  resource: 'pr-alice',
  job: null,
  details: { key_id: key.id, expires_at: key.expires_at, sensitive_roles: [] },
  previous_hash: '5f0c4e1d2b3a49586776859493a2b1c0d0e1f2031425364758697a8b9cadbecf',
  hash: digest,
}

const csr = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIIBBDCBqwIBADAbMRkwFwYDVQQDDBBzaG9wLmV4YW1wbGUuY29tMFkwEwYHKoZI…',
  '-----END CERTIFICATE REQUEST-----',
].join('\n')

/** One exchange an operation, as the document shows it. A test holds each against the row's schemas. */
export const examples: Readonly<Record<string, Example>> = {
  listCertificates: { response: [certificate] },
  requestCertificate: {
    request: { profile_id: 'p-prod-web', csr, owner: certificate.owner, team: 'web', reason, ticket },
    response: { job, approval, certificate: requested },
  },
  getCertificate: { response: certificate },
  renewCertificate: { request: { reason: 'the key is to be kept' } },
  listGrants: { response: [grant] },
  requestGrant: {
    request: {
      issuances: grant.issuances,
      period: grant.period,
      until: grant.valid_until,
      reason: 'SECOPS-12348: the shop renews itself for a year',
    },
    response: {
      job: grantJob,
      approval: { ...approval, kind: 'GrantChange' },
      certificate,
      grant_id: grant.id,
    },
  },
  getGrant: { response: grant },
  withdrawGrant: {
    request: { note: 'the shop is sold' },
    response: { ...grantJob, status: 'Completed' },
  },
  getRenewal: {
    response: {
      certificate_id: certificate.id,
      certificate_version: 1,
      state: 'scheduled',
      next_at: '2026-04-24T03:17:20.000Z',
      window: {
        start: '2026-04-27T23:59:59.000Z',
        end: '2026-05-03T23:59:59.000Z',
        at: '2026-05-01T03:17:20.000Z',
        opens_at: '2026-04-24T03:17:20.000Z',
      },
      not_after: certificate.not_after,
      job_id: null,
      attempts: 0,
      max_attempts: 5,
      csr_deadline: null,
      alerts: [],
      last_error: null,
      next_csr: null,
    },
  },
  getRenewalInfo: {
    response: {
      certificate_id: certificate.id,
      certificate_version: 1,
      cert_id: 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
      suggested_window: { start: '2026-04-27T23:59:59.000Z', end: '2026-05-03T23:59:59.000Z' },
      because: 'policy',
      retry_after_seconds: 21_600,
    },
  },
  uploadNextCsr: {
    request: { csr },
    response: {
      certificate_id: certificate.id,
      spki_sha256: digest,
      uploaded_by: 'pr-alice',
      uploaded_at: asked_at,
      used_by: null,
    },
  },
  planRenewals: {
    request: { selection: { owner: 'web-team@example.com', expires_before: '2026-04-15T00:00:00Z' } },
    response: {
      digest,
      matched: 2,
      renewable: 1,
      not_renewable: 1,
      reasons: [{ reason: 'needs_csr', matched: 1 }],
      excluded: [
        {
          certificate_id: 'mc-5t0vdk2n8rqhwz71',
          reason: 'needs_csr',
          detail: 'the profile requires a new key, and nobody has brought a CSR',
        },
      ],
      requires_approval: true,
      quorum: 1,
      profiles: [{ id: 'p-prod-web', version: 1, matched: 1 }],
      owners: [{ owner: certificate.owner, matched: 1 }],
      first: [{ ...line, csr_from: 'reuse' }],
    },
  },
  listPlannedRenewals: { response: [line] },
  renewInBulk: {
    request: { plan: digest, reason: 'SECOPS-12351: before the freeze' },
    response: { job: batch, approval: { ...approval, ...many, kind: 'RenewalBatch' } },
  },
  listBatchRenewals: {
    response: [
      {
        index: 0,
        certificate_id: certificate.id,
        replaces: 1,
        job_id: 'job-38b0c1f4a9d27e6650cbfd12',
        status: 'Completed',
        detail: null,
      },
    ],
  },
  rebindCertificate: {
    request: {
      profile_id: 'p-edge-web',
      base_profile_id: 'p-prod-web',
      reason: 'SECOPS-12350: moved to the edge',
    },
  },
  revokeCertificate: { request: { reason: 'keyCompromise', note: 'found in a public repository' } },
  releaseCertificate: { request: { note: 'found again' } },
  planRevocation: {
    request: { selection: { issuer_id: 'iss-web', serials: ['4a0c77'] }, reason: 'keyCompromise' },
  },
  revokeInBulk: { request: { plan: digest, note: 'the pipeline of 3 March' } },
  listJobs: { response: [job] },
  getJob: { response: job },
  cancelJob: {
    request: {},
    response: { ...job, status: 'Cancelled', error_message: 'cancelled' },
  },
  listApprovals: { response: [approval] },
  approve: {
    request: { note: 'approved per ticket SECOPS-12345' },
    response: {
      ...approval,
      state: 'approved',
      decisions: [decisionOf('approve', 'approved per ticket SECOPS-12345')],
    },
  },
  reject: {
    request: { note: 'not a name of ours' },
    response: { ...approval, state: 'rejected', decisions: [decisionOf('reject', 'not a name of ours')] },
  },
  withdraw: { request: { note: 'asked for by mistake' }, response: { ...approval, state: 'withdrawn' } },
  createProfile: { request: { id: 'p-prod-web', ...document, reason: 'the first profile of the shop' } },
  changeProfile: { request: { ...document, name: 'Production web, two approvers' } },
  requestIssuerCsr: {
    request: {
      name: 'Web CA under the company root',
      key: 'issuing',
      subject: [
        { type: 'O', value: 'Example' },
        { type: 'CN', value: 'Example Web CA' },
      ],
    },
  },
  importIssuer: {
    request: {
      certificate: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n',
      reason: 'signed by the company root today',
      ticket: 'SECOPS-12346',
    },
  },
  importAuthority: { request: { name: 'Private CA', authority: 'private' } },
  retireIssuer: { request: { reason: 'replaced by iss-web-2', ticket: 'SECOPS-12347' } },
  revokeIssuer: { request: { reason: 'cACompromise', ticket: 'INC-4711' } },
  createIssuer: {
    request: {
      id: 'iss-web',
      name: 'Issuing CA',
      type: 'kms',
      key: 'issuing',
      parent_id: 'iss-root',
      subject: [
        { type: 'O', value: 'Example' },
        { type: 'CN', value: 'Example Issuing CA' },
      ],
      lifetime: 'P1825D',
      path_length: 0,
    },
  },
  listEvents: { response: [event] },
  exportEvents: { response: `${JSON.stringify(event)}\n` },
  listPrincipals: { response: [alice] },
  createPrincipal: {
    request: {
      id: 'pr-alice',
      kind: 'person',
      name: 'Alice',
      email: 'alice@example.com',
      roles: ['operator'],
      teams: ['web'],
    },
    response: alice,
  },
  getPrincipal: { response: alice },
  changePrincipal: {
    request: {
      name: 'Alice',
      email: 'alice@example.com',
      roles: ['operator', 'auditor'],
      teams: ['web'],
      status: 'active',
    },
    response: { ...alice, version: 2, roles: ['operator', 'auditor'] },
  },
  listApiKeys: { response: [key] },
  createApiKey: { request: { expires_at: '2027-03-01T00:00:00Z' }, response: newKey },
  rotateApiKey: { request: { overlap: 'P1D' }, response: { ...newKey, expires_at: null } },
  disableApiKey: { response: { ...key, disabled_at: '2026-03-05T08:00:00.000Z', last_used_at: null } },
  listDelegations: { response: [delegation] },
  giveDelegation: {
    request: {
      delegate_id: 'pr-erin',
      from: '2026-07-01T00:00:00Z',
      until: '2026-07-22T00:00:00Z',
      note: 'on leave',
    },
    response: delegation,
  },
  endDelegation: { response: { ...delegation, ended_at: '2026-07-10T08:00:00.000Z' } },
  listOidcSubjects: { response: [subject] },
  addOidcSubject: {
    request: { issuer: subject.issuer, subject: subject.subject },
    response: subject,
  },
  disableOidcSubject: { response: { ...subject, disabled_at: '2026-03-05T08:00:00.000Z' } },
}

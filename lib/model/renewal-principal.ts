import type { Principal } from './principal.ts'

/**
 * Who asks for scheduled renewals. It is no row of the table: it has no role
 * and no credential, nothing can be granted to it, and its id is one that no
 * principal can be given, so it can never decide.
 */
export const renewalPrincipal: Principal = {
  id: 'pr-system-renewal',
  version: 1,
  kind: 'service',
  name: 'Scheduled renewal',
  email: null,
  roles: [],
  teams: [],
  granted_by: null,
  status: 'active',
  created_at: '2026-01-01T00:00:00.000Z',
}

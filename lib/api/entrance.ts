import {
  type AccessDeps,
  type Attempt,
  authenticate,
  recordForbidden,
  type Visitor,
} from '../flows/authenticate.ts'

/** How callers of the API get in, and what is put on record of those who do not. */
export const entrance = (deps: AccessDeps) => ({
  authenticate: (authorization: string | undefined, attempt: Attempt): Promise<Visitor> =>
    authenticate(deps, authorization, attempt),
  recordForbidden: (visitor: Visitor, attempt: Attempt, reason: string): Promise<void> =>
    recordForbidden(deps, visitor, attempt, reason),
})

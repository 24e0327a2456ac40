const passing: ReadonlySet<string> = new Set([
  'InternalFailure',
  'InternalServerError',
  'KMSInternalException',
  'DependencyTimeoutException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionInProgressException',
])

/** Whether AWS has this name for what went wrong. */
export const isCalled = (error: unknown, name: string): error is Error =>
  error instanceof Error && error.name === name

/** Whether AWS says of a fault that it passes: too much at once, or a moment of trouble. */
export const isPassing = (error: unknown): boolean => error instanceof Error && passing.has(error.name)

/** What KMS says of a key that somebody took away, and may give back. */
const withheld: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'DisabledException',
  'KeyUnavailableException',
  'KMSInvalidStateException',
])

const unreached: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
])

/** Whether a connection failed before anybody answered. */
export const isUnreached = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && unreached.has(error.code)

/** How a connection fails that was never there. */
const unconnected: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether what was asked was certainly not begun: AWS said no (4xx), or was never reached. */
export const isTurnedAway = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  // Who asked several times has looked at each.
  if ('turned_away' in error) return error.turned_away === true
  return 'code' in error && unconnected.has(error.code)
}

/** What AWS Private CA says of what it will not do later either. */
const never: ReadonlySet<string> = new Set([
  'InvalidArgsException',
  'InvalidPolicyException',
  'MalformedCSRException',
  'RequestFailedException',
  'ValidationException',
])

/** What became of an order whose answer is this error; `unknown` where its certificate may be made all the same. */
export const outcomeOf = (error: unknown): 'never' | 'not_now' | 'unknown' => {
  if (!(error instanceof Error) || !isTurnedAway(error)) return 'unknown'
  return never.has(error.name) ? 'never' : 'not_now'
}

/** Whether a key gave no signature for a reason that has nothing to do with what was to be signed. */
export const isUnavailable = (error: unknown): boolean =>
  isPassing(error) || isUnreached(error) || (error instanceof Error && withheld.has(error.name))

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

/** Whether AWS says of a fault that it passes: too much at once, or a moment of trouble. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (passing.has(error.name) || ('$retryable' in error && error.$retryable !== undefined))

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

/** Whether a key gave no signature for a reason that has nothing to do with what was to be signed. */
export const isUnavailable = (error: unknown): boolean =>
  isPassing(error) || isUnreached(error) || (error instanceof Error && withheld.has(error.name))

const passing: ReadonlySet<string> = new Set([
  'InternalServerError',
  'KMSInternalException',
  'DependencyTimeoutException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ThrottlingException',
  'TimeoutError',
  'TransactionInProgressException',
])

/** Whether AWS says of a fault that it passes: too much at once, or a moment of trouble. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (passing.has(error.name) || ('$retryable' in error && error.$retryable !== undefined))

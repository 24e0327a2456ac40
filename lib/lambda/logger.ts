import { Logger } from '@aws-lambda-powertools/logger'

/** Structured logs. What is passed to it is chosen field by field: never a request, a key or a token. */
export const logger = new Logger({ serviceName: 'countersign' })

export const faultLogger = (error: unknown): void =>
  logger.error('fault', { error: error instanceof Error ? error : String(error) })

type Fields = Readonly<Record<string, unknown>>

const levels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const

type Level = (typeof levels)[number]

const shown = (value: unknown): unknown =>
  value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value

const write = (level: Level, message: string, fields: Fields): void => {
  const threshold = levels.findIndex((name) => name === (process.env.LOG_LEVEL ?? 'INFO'))
  if (levels.indexOf(level) < threshold) return
  const shownFields = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]))
  const time = new Date().toISOString()
  const line = { level, message, timestamp: time, service: 'countersign', ...shownFields }
  // Not the console: in Lambda it puts words before the line, and then it is no JSON.
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Structured logs, a line each. What is passed is chosen field by field: never a request, a key or a token. */
export const logger = {
  info: (message: string, fields: Fields = {}) => write('INFO', message, fields),
  warn: (message: string, fields: Fields = {}) => write('WARN', message, fields),
  error: (message: string, fields: Fields = {}) => write('ERROR', message, fields),
}

export const faultLogger = (error: unknown): void =>
  logger.error('fault', { error: error instanceof Error ? error : String(error) })

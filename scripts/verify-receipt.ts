import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { keysOf } from '../lib/flows/receipt-jwks.ts'
import { receiptVerifier } from '../lib/flows/receipts.ts'
import { verifyEvidence } from '../lib/flows/verify-evidence.ts'
import { type EvidenceBundle, evidenceBundle } from '../lib/model/evidence.ts'
import { receiptJwks } from '../lib/model/jwks.ts'
import { summaryOf } from '../lib/model/summary.ts'

const usage = `Verifies who approved a certificate, offline and without AWS credentials.

  npm run verify-receipt -- BUNDLE --jwks KEYS

  BUNDLE  what GET /api/v1/certificates/{id}/versions/{n}/evidence answered
  KEYS    what GET /.well-known/countersign/jwks.json answered, kept by you

Exits 0 and says who approved what, or exits 1 and says all that is wrong.`

const read = <T extends z.ZodType>(path: string, schema: T): z.output<T> => {
  const result = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!result.success) throw new Error(`${path}: ${z.prettifyError(result.error)}`)
  return result.data
}

const wordsOf = ({ content, events }: EvidenceBundle['issued_by']): readonly string[] => [
  `✓ ${summaryOf(content)}`,
  `  requested by ${events[0]?.actor} at ${events[0]?.time}`,
  ...events
    .filter(({ type }) => type === 'approval_approved' || type === 'decision_recorded')
    .map(({ actor, time, details }) => `  approved by ${actor} (${details.name}) at ${time}`),
]

const told = ({ issued_by, granted_by, batched_by }: EvidenceBundle): readonly string[] => {
  const words = wordsOf(issued_by)
  const { content } = issued_by
  if (granted_by !== undefined && content.type === 'Renewal')
    return [...words, `  as number ${content.grant?.number} under a standing grant`, ...wordsOf(granted_by)]
  if (batched_by !== undefined && content.type === 'Renewal' && content.batch !== undefined)
    return [...words, `  as line ${content.batch.index + 1} of a batch`, ...wordsOf(batched_by)]
  return words.length > 2
    ? words
    : [...words, '  under rules that ask for nobody else, and were approved themselves']
}

const main = (): number => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { jwks: { type: 'string' }, help: { type: 'boolean' } },
  })
  const [path] = positionals
  if (values.help === true || path === undefined || values.jwks === undefined) {
    console.log(usage)
    return values.help === true ? 0 : 2
  }
  const bundle = read(path, evidenceBundle)
  const verify = receiptVerifier(keysOf(read(values.jwks, receiptJwks)), bundle.environment)
  const complaints = verifyEvidence(bundle, verify)
  const lines = complaints.length === 0 ? told(bundle) : complaints.map((complaint) => `✗ ${complaint}`)
  console.log(lines.join('\n'))
  return complaints.length === 0 ? 0 : 1
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

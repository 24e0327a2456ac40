import * as z from 'zod'
import { evidenceBundle } from '../model/evidence.ts'
import { jobContent } from '../model/job.ts'
import { certificatePlan, issuerFacts } from '../model/plan.ts'
import { profileDocument } from '../model/profile.ts'
import { type Example, examples } from './examples.ts'
import type { Operation } from './operation.ts'
import { statusOf } from './problem.ts'
import { routes } from './routes.ts'
import * as views from './views.ts'

type Json = Readonly<Record<string, unknown>>
type Named = (typeof routes)[number]

/** What has a name of its own in the document. */
const names = z
  .registry<{ id: string }>()
  .add(views.certificateView, { id: 'Certificate' })
  .add(views.versionView, { id: 'CertificateVersion' })
  .add(views.jobView, { id: 'Job' })
  .add(views.approvalRow, { id: 'Approval' })
  .add(views.approvalView, { id: 'ApprovalInFull' })
  .add(views.profileView, { id: 'Profile' })
  .add(views.issuerView, { id: 'Issuer' })
  .add(views.eventView, { id: 'Event' })
  .add(views.unreadableEventView, { id: 'UnreadableEvent' })
  .add(views.principalView, { id: 'Principal' })
  .add(views.apiKeyView, { id: 'ApiKey' })
  .add(views.newApiKeyView, { id: 'NewApiKey' })
  .add(views.oidcSubjectView, { id: 'OidcSubject' })
  .add(jobContent, { id: 'JobContent' })
  .add(certificatePlan, { id: 'CertificatePlan' })
  .add(issuerFacts, { id: 'IssuerFacts' })
  .add(profileDocument, { id: 'ProfileDocument' })
  .add(evidenceBundle, { id: 'EvidenceBundle' })

const problem = {
  type: 'object',
  description: 'RFC 9457. `code` is stable; `violations` point into the request.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    violations: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const

/** The format says it already, and shorter. */
const override = ({ jsonSchema }: { jsonSchema: { format?: unknown; pattern?: unknown } }): void => {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
}

/** Collects the schemas that others refer to, as the document's components. */
const componentsOf = () => {
  // Said in full, Json would refer to itself, which generators of types do not take.
  const schemas: Record<string, unknown> = { Problem: problem, Json: { description: 'Any JSON' } }
  const schemaOf = (type: z.ZodType, io: 'input' | 'output'): Json => {
    const made = z.toJSONSchema(type, { metadata: names, io, unrepresentable: 'any', override })
    const text = JSON.stringify(made).replaceAll('#/$defs/__schema0', '#/components/schemas/Json')
    const {
      $defs = {},
      $schema: _,
      id: __,
      ...schema
    } = JSON.parse(text.replaceAll('#/$defs/', '#/components/schemas/')) as Json & {
      $defs?: Record<string, Json>
      id?: string
    }
    for (const [name, { id: ___, ...definition }] of Object.entries($defs))
      if (name !== '__schema0') schemas[name] = definition
    return schema
  }
  return { schemas, schemaOf }
}

type Schemas = ReturnType<typeof componentsOf>

const parametersOf = (row: Named, { schemaOf }: Schemas): readonly Json[] => {
  const partOf = (part: z.ZodObject, place: 'path' | 'query') =>
    Object.entries(part.shape).map(([name, type]) => ({
      name,
      in: place,
      required: place === 'path',
      schema: schemaOf(type as z.ZodType, 'input'),
    }))
  const header = (name: string, description: string, schema: Json) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', ...schema },
  })
  const changes = row.method !== 'GET'
  return [
    ...partOf(row.params, 'path'),
    ...partOf(row.query, 'query'),
    ...(changes
      ? [
          header(
            'Idempotency-Key',
            'The same key with the same request gives the same answer for seven days',
            { pattern: '^[\\x21-\\x7e]{1,128}$' },
          ),
        ]
      : []),
    ...(changes && row.versioned === true
      ? [header('If-Match', 'The `ETag` of what is to be changed; 412 where it is another by now', {})]
      : []),
  ]
}

const headersOf = (row: Named): Json => {
  const text = { schema: { type: 'string' } }
  return {
    ...('cursor' in row.query.shape
      ? {
          Link: { ...text, description: 'The next page, `rel="next"`; absent on the last' },
          'Countersign-Unreadable': {
            ...text,
            description:
              'How many rows of this page cannot be read; absent for none. The audit says where, all other lists lack them',
          },
        }
      : {}),
    ...(row.versioned === true && row.method === 'GET'
      ? { ETag: { ...text, description: 'The version, for `If-Match`' } }
      : {}),
  }
}

const answerOf = (row: Named, example: Example | undefined, { schemaOf }: Schemas): Json => {
  const media = row.output === null ? (row.media_type ?? 'text/plain') : 'application/json'
  const schema = row.output === null ? { type: 'string' } : schemaOf(row.output, 'output')
  const shown = example?.response === undefined ? {} : { example: example.response }
  return {
    description: row.summary,
    headers: headersOf(row),
    content: { [media]: { schema, ...shown } },
  }
}

const gatedAnswer = (gated: z.ZodType, { schemaOf }: Schemas): Json => ({
  description: 'It takes a second person: a job, with the approval that it waits for',
  content: { 'application/json': { schema: schemaOf(gated, 'output') } },
})

const refusals: Json = Object.fromEntries(
  Object.entries(statusOf).map(([status, description]) => [
    `Refused${status}`,
    {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]),
)

const refused = (status: number): readonly [string, Json] => [
  String(status),
  { $ref: `#/components/responses/Refused${status}` },
]

/** The statuses of refusals that an operation can answer with. */
const refusalsOf = (row: Operation): readonly number[] => {
  const changes = row.method !== 'GET'
  return [
    ...(row.permission === null ? [] : [401, 403, 429]),
    ...[400, 404, 500],
    ...(changes ? [409, 413, 415, 422] : []),
    ...(row.versioned === true && changes ? [412] : []),
  ].sort((a, b) => a - b)
}

const operationOf = (row: Named, schemas: Schemas): Json => {
  const example = examples[row.operation_id]
  const request = example?.request === undefined ? {} : { example: example.request }
  return {
    operationId: row.operation_id,
    summary: row.summary,
    tags: [row.path.split('/')[3] ?? 'api'],
    ...(row.permission === null ? { security: [] } : { 'x-permission': row.permission }),
    parameters: parametersOf(row, schemas),
    ...(row.body === null
      ? {}
      : {
          requestBody: {
            required: !row.body.safeParse({}).success,
            content: { 'application/json': { schema: schemas.schemaOf(row.body, 'input'), ...request } },
          },
        }),
    responses: {
      [row.status]: answerOf(row, example, schemas),
      ...(row.gated === undefined ? {} : { 202: gatedAnswer(row.gated, schemas) }),
      ...Object.fromEntries(refusalsOf(row).map(refused)),
    },
  }
}

const build = (): Json => {
  const schemas = componentsOf()
  const paths: Record<string, Record<string, Json>> = {}
  for (const row of routes) {
    const path = paths[row.path] ?? {}
    path[row.method.toLowerCase()] = operationOf(row, schemas)
    paths[row.path] = path
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign',
      version: '1',
      description: 'Certificates on AWS that nobody can issue alone.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key `cs_…`, or a JWT of a configured OIDC issuer',
        },
      },
      schemas: schemas.schemas,
      responses: refusals,
    },
  }
}

let built: Json | null = null

/** The API as OpenAPI 3.1, made from the table of operations. */
export const openApi = (): Json => {
  built ??= build()
  return built
}

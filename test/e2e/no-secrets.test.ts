import { paginateScan } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../scripts/local/api.ts'
import { linesOf, logGroupOf, logGroups } from '../support/live-functions.ts'
import { eventOf } from '../support/live-jobs.ts'
import { asNew } from '../support/live-people.ts'
import { issueGated, requestGated, suffix } from '../support/live-requests.ts'
import { executionOf, tokenOf } from '../support/live-workflow.ts'
import { as, clients, stack } from '../support/stack.ts'

type Found = { readonly where: string; readonly text: string }

/** The secret half of each key that people were given. */
const secrets = Object.values(stack.principals).map(({ api_key }) => api_key.slice(-43))

let tokens: readonly string[] = []
let job_id = ''
const mark = `mark-${suffix()}`

async function* rowsOf(TableName: string): AsyncGenerator<Found> {
  for await (const { Items = [] } of paginateScan({ client: clients.dynamodb }, { TableName }))
    for (const item of Items) {
      const row = unmarshall(item)
      yield { where: `${TableName} ${row.pk} ${row.sk ?? ''}`, text: JSON.stringify(row) }
    }
}

async function* objects(): AsyncGenerator<Found> {
  const Bucket = stack.bucket
  for await (const { Contents = [] } of paginateListObjectsV2({ client: clients.s3 }, { Bucket }))
    for (const { Key = '' } of Contents) {
      const { Body, Metadata } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }))
      const bytes = await Body?.transformToString('latin1')
      yield { where: Key, text: `${Key} ${JSON.stringify(Metadata)} ${bytes}` }
    }
}

async function* logs(): AsyncGenerator<Found> {
  for (const group of await logGroups()) yield { where: group, text: (await linesOf(group)).join('\n') }
}

const all = async (source: AsyncIterable<Found>): Promise<readonly Found[]> => {
  const found: Found[] = []
  for await (const one of source) found.push(one)
  return found
}

const holding = (found: readonly Found[], secret: string): readonly string[] =>
  found.filter(({ text }) => text.includes(secret)).map(({ where }) => where)

beforeAll(async () => {
  await issueGated({ reason: mark })
  const waiting = await requestGated()
  job_id = waiting.job_id
  tokens = [await tokenOf(waiting.approval_id)]
  // Refusals, faults and keys on the wrong side are what tends to be logged whole.
  await as('alice').post(`/approvals/${waiting.approval_id}/approve`, {})
  await as('alice').post('/certificates', { profile_id: 'p-prod-web', csr: stack.principals.alice.api_key })
  await (await asNew('viewer')).post('/certificates', {})
  await eventOf(waiting.job_id, 'approval_refused')
})

describe('no secret is', () => {
  it('in a row of the table', async () => {
    const rows = await all(rowsOf(stack.table))
    expect(holding(rows, mark)).not.toEqual([])
    for (const secret of [...secrets, ...tokens, 'PRIVATE KEY']) expect(holding(rows, secret)).toEqual([])
  })

  it('beside the task tokens, in their table', async () => {
    const rows = await all(rowsOf(stack.tokens_table))
    expect(rows.length).toBeGreaterThan(0)
    for (const secret of [...secrets, 'PRIVATE KEY']) expect(holding(rows, secret)).toEqual([])
  })

  it('in an object of the status site', async () => {
    const found = await all(objects())
    expect(found.map(({ where }) => where)).toContain('.well-known/pki/ca/iss-root')
    for (const secret of [...secrets, ...tokens, 'PRIVATE KEY']) expect(holding(found, secret)).toEqual([])
  })

  it('in a log', async () => {
    const found = await eventually('the logs of what was done', async () => {
      const groups = await all(logs())
      const relay = groups.find(({ where }) => where === logGroupOf('relay'))
      return relay?.text.includes(job_id) ? { found: groups } : { seen: 'not yet' }
    })
    for (const secret of [...secrets, ...tokens, 'PRIVATE KEY']) expect(holding(found, secret)).toEqual([])
  })

  it('in what people see of a waiting execution', async () => {
    const execution = await executionOf(job_id.replace(/^job-/, 'ar-'))
    expect(execution?.input).toContain(job_id)
    for (const secret of [...secrets, ...tokens]) expect(execution?.input).not.toContain(secret)
  })
})

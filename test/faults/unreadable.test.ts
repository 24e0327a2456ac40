import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { keys } from '../../lib/aws/table.ts'
import { eventually } from '../../scripts/local/api.ts'
import { linesOf, logGroupOf } from '../support/live-functions.ts'
import { issueUngated } from '../support/live-requests.ts'
import { clients, stack } from '../support/stack.ts'

const jobs = async (certificate_id: string) => {
  const answer = await fetch(`${stack.api_url}/api/v1/jobs?certificate_id=${certificate_id}`, {
    headers: { authorization: `Bearer ${stack.principals.alice.api_key}` },
  })
  const lacks = answer.headers.get('countersign-unreadable')
  return { status: answer.status, lacks, rows: (await answer.json()) as unknown[] }
}

it('a row that cannot be read is missing from its list, which says so, and its key is in the log', async () => {
  const { job_id, certificate_id } = await issueUngated()
  expect(await jobs(certificate_id)).toMatchObject({ status: 200, lacks: null, rows: [{ id: job_id }] })
  const { pk, sk } = keys.job(job_id)
  const Key = { pk: { S: pk }, sk: { S: sk } }
  const { Item } = await clients.dynamodb.send(new GetItemCommand({ TableName: stack.table, Key }))
  const harmed = { ...Item, colour: { S: 'blue' } }
  await clients.dynamodb.send(new PutItemCommand({ TableName: stack.table, Item: harmed }))
  try {
    expect(await jobs(certificate_id)).toEqual({ status: 200, lacks: '1', rows: [] })
    await eventually(`${pk} in the log`, async () => {
      const lines = await linesOf(logGroupOf('api-read'))
      const found = lines.some((line) => line.includes('cannot be read') && line.includes(`${pk} ${sk}`))
      return found ? { found } : { seen: `${lines.length} lines` }
    })
  } finally {
    await clients.dynamodb.send(new PutItemCommand({ TableName: stack.table, Item }))
  }
})

it('an event that cannot be read has its place in the audit, which says where it is', async () => {
  const { job_id, certificate_id } = await issueUngated()
  const audit = async () => {
    const answer = await fetch(`${stack.api_url}/api/v1/audit?resource=${certificate_id}`, {
      headers: { authorization: `Bearer ${stack.principals.dave.api_key}` },
    })
    return { status: answer.status, rows: (await answer.json()) as Record<string, unknown>[] }
  }
  const { rows } = await audit()
  expect(rows.length).toBeGreaterThan(1)
  const { pk, sk } = keys.event(`JOB#${job_id}`, 2)
  const put = (Item: Record<string, AttributeValue> | undefined) =>
    clients.dynamodb.send(new PutItemCommand({ TableName: stack.table, Item }))
  const Key = { pk: { S: pk }, sk: { S: sk } }
  const { Item } = await clients.dynamodb.send(new GetItemCommand({ TableName: stack.table, Key }))
  const id = Item?.id?.S
  expect(rows.map((row) => row.id)).toContain(id)
  await put({ ...Item, colour: { S: 'blue' } })
  try {
    const told = rows.map((row) => (row.id === id ? { unreadable: `${pk} ${sk}` } : row))
    expect(await audit()).toEqual({ status: 200, rows: told })
  } finally {
    await put(Item)
  }
})

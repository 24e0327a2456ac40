import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { marshall } from '@aws-sdk/util-dynamodb'
import { signer } from '../../lib/aws/ca-keys.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { founders } from '../../lib/aws/founders.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { isUnavailable } from '../../lib/aws/passing.ts'
import { principals } from '../../lib/aws/principals.ts'
import { type ReceiptKeyArns, receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { receiptSigner } from '../../lib/aws/receipt-signer.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { type Item, keys } from '../../lib/aws/table.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { requestCertificate } from '../../lib/flows/request-certificate.ts'
import { readPresentedKey } from '../../lib/model/api-key.ts'
import type { Event, EventType } from '../../lib/model/event.ts'
import { approvalIdOf } from '../../lib/model/ids.ts'
import type { Job, JobFile } from '../../lib/model/job.ts'
import type { Credential } from '../../lib/model/receipt.ts'
import { eventually } from '../../scripts/local/api.ts'
import type { Name } from '../../scripts/local/seed.ts'
import { variablesOf } from './live-functions.ts'
import { csrFor, type Gated, newHostName, random } from './live-requests.ts'
import { access, clients, stack } from './stack.ts'

const table = tableClient(stack.table, access)

/** The ports of the functions, on the deployed table and keys, in the test's own process. */
export const live = {
  jobs: jobs(table),
  grants: grants(table),
  certificates: certificates(table),
  profiles: profiles(table),
  issuers: issuers(table),
  principals: principals(table),
  founders: founders(table),
  credential: null,
  bypass: null,
  serials: serialStatuses(table),
  signer: signer(stack.ca_keys, access),
  isUnavailable,
  status_url: stack.status_url,
  random,
  now: () => new Date(),
}

/** What one of the cast shows, as the deployed functions know it. */
export async function credentialOf(name: Name): Promise<Credential> {
  const presented = readPresentedKey(stack.principals[name].api_key)
  const found = presented === null ? null : await live.principals.findByKey(presented)
  if (found === null) throw new Error(`no key of ${name}`)
  const { id, secret_sha256: fingerprint, granted_by } = found.credential
  return { id, fingerprint, granted_by }
}

/** What the deployed functions make and verify receipts with, for words that bob gives. */
export async function receiptPorts() {
  const { RECEIPT_KEYS = '{}', ENVIRONMENT = '' } = await variablesOf('api-decide')
  const arns = JSON.parse(RECEIPT_KEYS) as ReceiptKeyArns
  return {
    receipts: receiptSigner(arns.decision, access),
    receiptKeys: receiptKeys(arns, access),
    environment: ENVIRONMENT,
    credential: await credentialOf('bob'),
  }
}

/** Everything stored of a job. */
export async function fileOf(job_id: string): Promise<JobFile> {
  const file = await live.jobs.load(job_id)
  if (file === null || 'unreadable' in file) throw new Error(`no readable job ${job_id}`)
  return file
}

export async function eventsOf(job_id: string): Promise<readonly Event[]> {
  return (await live.jobs.load(job_id))?.events ?? []
}

export const typesOf = (events: readonly Event[]): readonly EventType[] => events.map(({ type }) => type)

/** The first event of a type in the chain of a job, once it is there. */
export async function eventOf(job_id: string, type: EventType): Promise<Event> {
  return eventually(`${type} of ${job_id}`, async () => {
    const events = await eventsOf(job_id)
    const found = events.find((event) => event.type === type)
    return found === undefined ? { seen: typesOf(events).join() } : { found }
  })
}

export async function versionsOf(certificate_id: string) {
  return (await live.certificates.load(certificate_id))?.versions ?? []
}

export async function principalOf(name: Name) {
  const found = await live.principals.get(stack.principals[name].id)
  if (found === null) throw new Error(`no principal ${name}`)
  return found.principal
}

/** A certificate requested by alice as long ago as the clock says, by the flow that the API runs. */
export async function requestAt(now: Date, profile_id = 'p-prod-web'): Promise<Gated> {
  const request = { profile_id, csr: csrFor(newHostName()) }
  const deps = { ...live, now: () => now }
  const { change, job, certificate } = await requestCertificate(deps, await principalOf('alice'), request)
  const stored = await live.jobs.commit(change)
  if (stored !== 'committed' || certificate === null) throw new Error(`not stored: ${JSON.stringify(stored)}`)
  return { certificate_id: certificate.id, job_id: job.id, approval_id: approvalIdOf(job.id) }
}

const put = async (TableName: string, item: Readonly<Record<string, unknown>>): Promise<void> => {
  await clients.dynamodb.send(
    new PutItemCommand({ TableName, Item: marshall(item, { removeUndefinedValues: true }) }),
  )
}

/** Writes a row as somebody who owns the table could. */
export const writeRow = (item: Item): Promise<void> => put(stack.table, item)

/** In no index, so that what cannot be read stands in the way of no list. */
export const writeJobRow = (job: Omit<Job, 'requested_by' | 'owner'> & Partial<Job>): Promise<void> =>
  writeRow({ ...keys.job(job.id), ...job })

export const writeToken = (approval_id: string, token: string): Promise<void> =>
  put(stack.tokens_table, { pk: approval_id, token })

export async function deleteToken(approval_id: string): Promise<void> {
  await clients.dynamodb.send(
    new DeleteItemCommand({ TableName: stack.tokens_table, Key: { pk: { S: approval_id } } }),
  )
}

/** Puts a message on a work queue by hand. */
export async function send(queue: 'kms' | 'apply' | 'status', body: unknown): Promise<void> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body)
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody }))
}

export function queueUrl(name: string): string {
  const url = stack.queues[name]
  if (url === undefined) throw new Error(`no queue ${name}`)
  return url
}

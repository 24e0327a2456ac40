import type { APIGatewayProxyEventV2, Context, DynamoDBRecord, SQSEvent } from 'aws-lambda'
import type { FunctionId } from '../../infra/access.ts'
import { approvalDefinition } from '../../infra/approval-definition.ts'
import { decideApi } from '../../lib/api/decide.ts'
import { entrance } from '../../lib/api/entrance.ts'
import { readApi } from '../../lib/api/read.ts'
import { submitApi } from '../../lib/api/submit.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { keyUses } from '../../lib/aws/key-uses.ts'
import { keys, recordOf } from '../../lib/aws/table.ts'
import type { Row } from '../../lib/aws/table-client.ts'
import { createApiKey } from '../../lib/flows/create-api-key.ts'
import { follow, followParkedToken } from '../../lib/flows/follow-event.ts'
import { issueCertificate } from '../../lib/flows/issue-certificate.ts'
import { notify } from '../../lib/flows/notify.ts'
import { listStates, publishStatus, refreshStatus } from '../../lib/flows/publish-status.ts'
import { reconcileKeyUse } from '../../lib/flows/reconcile-key-use.ts'
import { tend } from '../../lib/flows/tend.ts'
import { parkToken } from '../../lib/flows/wait-for-decision.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { measure } from '../../lib/lambda/metrics.ts'
import { notifyFunction } from '../../lib/lambda/notify-queue.ts'
import { jobMessage, queueFunction } from '../../lib/lambda/queue.ts'
import { statusFunction } from '../../lib/lambda/status-queue.ts'
import { streamFunction } from '../../lib/lambda/stream.ts'
import { trailFunction } from '../../lib/lambda/trail.ts'
import { isFollowed } from '../../lib/model/consequences.ts'
import { event } from '../../lib/model/event.ts'
import { measuresOfRenewals, measuresOfSweep } from '../../lib/model/measures.ts'
import type { Signer } from '../../lib/ports/keys.ts'
import type { ShardRows } from '../../lib/ports/revocation.ts'
import type { StatusSite } from '../../lib/ports/status-site.ts'
import { signEvent } from '../../test/support/trail.ts'
import { makeFurnishedWorld, type Name } from '../../test/support/world.ts'
import { accessLine, historyLine, makeMeter } from './meter.ts'
import { meteredTable } from './metered-table.ts'

const signerRole = 'arn:aws:iam::111122223333:role/signer'
const keyArn = (name: string): string => `arn:aws:kms:us-east-1:111122223333:key/${name}`

/** As long as those of Step Functions. */
const taskToken = 'x'.repeat(700)

/** The states of an approved job's execution, in their order, as the definition has them. */
function approvedStates(): readonly string[] {
  const { StartAt, States } = approvalDefinition({ park_arn: '', release_arn: '' })
  return [StartAt, States['Wait for a decision'].Next]
}

/** Entries of a history: of a task five, of one that waits for its token six, of a choice two, and its own beginning and end. */
const historyEntries = { approval: 6 + 6 + 2, release: 5 + 2 + 5 + 5 + 2 }

/** How long a release runs, in seconds, in the least memory that an express workflow is charged for. */
const release = { seconds: 0.3, gigabytes: 64 / 1024 }

const messageOf = (body: object): SQSEvent =>
  ({
    Records: [
      {
        messageId: '5fea7756-0ea4-451a-a703-a558b933e274',
        receiptHandle: '',
        body: JSON.stringify(body),
        attributes: { ApproximateReceiveCount: '1' },
      },
    ],
  }) as unknown as SQSEvent

/**
 * The functions as they are deployed, in their own shells, on a table and keys
 * in memory: every call is metered, and what follows from it (the relay, the
 * queues, the workflow, CloudTrail's word of each signature) is carried out.
 */
export const makeMeteredWorld = async () => {
  const world = await makeFurnishedWorld({}, 'ECC_NIST_P256')
  const meter = makeMeter()
  const waiting: (() => Promise<unknown>)[] = []
  const parked = new Map<string, string>()
  const asleep = new Map<string, () => Promise<void>>()

  const committed = (rows: readonly Row[]): void => {
    const records = rows
      .filter((row) => String(row.sk).startsWith('EVENT#') && isFollowed(event.parse(recordOf(row))))
      .map((row) => ({ eventName: 'INSERT', dynamodb: { NewImage: row } }) as unknown as DynamoDBRecord)
    // The events of one step are in one partition, and so in one batch.
    if (records.length > 0) waiting.push(() => meter.invoke('relay', () => relay({ Records: records })))
  }
  Object.assign(world.table, meteredTable(world.table, meter, committed))

  /** A message that is sent, received and deleted again. */
  const send = (to: FunctionId, work: (event: SQSEvent) => Promise<unknown>, body: object): void => {
    meter.call('sqs:SendMessage')
    meter.add('sqs_requests', 3)
    waiting.push(() => meter.invoke(to, () => work(messageOf(body))))
  }

  const signer: Signer = {
    sign: async (key, algorithm, asked) => {
      meter.call('kms:Sign')
      meter.add('ecc_requests', 1)
      const event = signEvent({
        key_arn: keyArn(key),
        role_arn: signerRole,
        event_id: asked.event_id,
        time: world.now().toISOString(),
        request_id: `request-${asked.event_id}`,
      })
      waiting.push(() => meter.invoke('watch-key-use', () => watch(event)))
      return world.signer.sign(key, algorithm, asked)
    },
  }
  const site: StatusSite = {
    publish: async (object) => {
      meter.call('s3:HeadObject')
      meter.call('s3:PutObject')
      meter.add('s3_gets', 1)
      meter.add('s3_puts', 1)
      return world.site.publish(object)
    },
  }
  const rows: ShardRows = {
    get: async (...of) => {
      meter.call('s3:GetObject')
      meter.add('s3_gets', 1)
      return world.rows.get(...of)
    },
    put: async (...of) => {
      meter.call('s3:HeadObject')
      meter.call('s3:PutObject')
      meter.add('s3_gets', 1)
      meter.add('s3_puts', 1)
      return world.rows.put(...of)
    },
  }

  const watch = trailFunction((use) =>
    reconcileKeyUse(
      {
        uses: keyUses(world.table),
        ca_keys: { root: keyArn('root'), issuing: keyArn('issuing') },
        signers: [signerRole],
        now: world.now,
      },
      use,
    ),
  )
  const worker = queueFunction(jobMessage, ({ job_id }) => issueCertificate({ ...world.kms, signer }, job_id))
  const publishing = {
    ...world,
    signer,
    site,
    rows,
    seal: async (plain: Uint8Array) => {
      meter.call('kms:Encrypt')
      meter.add('kms_requests', 1)
      return world.seal(plain)
    },
  }
  const publisher = statusFunction({
    publish: (issuer_id, shards) => publishStatus(publishing, issuer_id, shards),
    refresh: () => refreshStatus(publishing),
    states: () => listStates(publishing),
  })
  const telling = {
    ...world.telling,
    topic: {
      publish: async (message: Parameters<typeof world.telling.topic.publish>[0]) => {
        meter.call('sns:Publish')
        meter.add('topic_requests', 1)
        return world.telling.topic.publish(message)
      },
    },
  }
  const notifier = notifyFunction({
    notify: (place, attempt) => notify(telling, place, attempt),
    postpone: async () => undefined,
    retry_after_seconds: [60],
  })

  /** Parks the token in a table of its own, whose stream wakes the relay. */
  const park = async (approval_id: string, job_id: string): Promise<void> => {
    await meter.invoke('workflow-park', () =>
      parkToken(
        {
          tokens: {
            park: async (id, token) => {
              meter.call('dynamodb:PutItem')
              meter.write('token', 1)
              parked.set(id, token)
            },
          },
          now: world.now,
        },
        { approval_id, task_token: taskToken },
      ),
    )
    asleep.set(taskToken, () => goOn(job_id))
    const image = { pk: approval_id, token: taskToken }
    const record = { eventName: 'INSERT', dynamodb: { NewImage: image } } as unknown as DynamoDBRecord
    waiting.push(() => meter.invoke('relay', () => relay({ Records: [record] })))
  }

  /** The state after the wait, and the release: the job is read again and goes to its queue. */
  const goOn = async (job_id: string): Promise<void> => {
    meter.add('transitions', approvedStates().length - 1)
    meter.add('express_requests', 1)
    meter.add('express_gb_seconds', release.seconds * release.gigabytes)
    meter.add('log_gigabytes', (historyEntries.release * historyLine) / 1e9)
    await world.table.get(keys.job(job_id))
    send('worker-kms', worker, { job_id })
  }

  const queues = {
    dispatch: async (_queue: string, job_id: string) => send('worker-kms', worker, { job_id }),
    publishStatus: async (issuer_id: string, shards: readonly number[] | null) =>
      send('worker-publish-status', publisher, { type: 'publish', issuer_id, shards }),
    notify: async (place: object) => send('worker-notify', notifier, place),
  }
  const following = {
    jobs: world.jobs,
    tokens: {
      take: async (approval_id: string) => {
        meter.call('dynamodb:GetItem')
        meter.add('read_units', 1)
        return parked.get(approval_id) ?? null
      },
      drop: async (approval_id: string) => {
        meter.call('dynamodb:DeleteItem')
        meter.write('token', 1)
        parked.delete(approval_id)
      },
    },
    workflows: {
      start: async ({ approval_id, job_id }: { readonly approval_id: string; readonly job_id: string }) => {
        meter.call('states:StartExecution')
        meter.add('transitions', 1)
        meter.add('log_gigabytes', (historyEntries.approval * historyLine) / 1e9)
        waiting.push(() => park(approval_id, job_id))
      },
      wake: async (token: string) => {
        meter.call('states:SendTaskSuccess')
        waiting.push(async () => asleep.get(token)?.())
        return 'woken' as const
      },
    },
    queues,
  }
  const relay = streamFunction({
    itemOf: (image) => image,
    effect: (effect) => follow(following, effect),
    parkedToken: (approval_id) => followParkedToken(following, approval_id),
  })

  const gate = {
    ...entrance({ ...world, verifyToken: async () => null }),
    cursorSecret: cursorSecret(world.table),
    admits: () => true,
  }
  const receipts = {
    ...world.receipts,
    sign: async (input: Uint8Array) => {
      meter.call('kms:Sign')
      meter.add('ecc_requests', 1)
      return world.receipts.sign(input)
    },
  }
  const functions = {
    'api-read': apiFunction(gate, readApi(world)),
    'api-submit': apiFunction(gate, submitApi(world)),
    'api-decide': apiFunction(gate, decideApi({ ...world, receipts })),
  }
  const actor = { id: 'system-setup', type: 'System' } as const
  const tokenOf = async (name: Name): Promise<string> =>
    (await createApiKey(world, actor, { principal_id: `pr-${name}`, expires_at: null })).token
  const tokens = { alice: await tokenOf('alice'), bob: await tokenOf('bob') }

  /** Everything that follows from what happened, until nothing does. */
  const settle = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next()
  }

  /** One request to the API, and no more: what follows waits for `settle`. */
  const ask = async (
    who: keyof typeof tokens,
    to: keyof typeof functions,
    [method, path, body]: readonly [string, string, object?],
  ) => {
    meter.add('http_requests', 1)
    meter.add('log_gigabytes', accessLine / 1e9)
    const event = {
      version: '2.0',
      rawPath: `/api/v1${path}`,
      rawQueryString: '',
      headers: { authorization: `Bearer ${tokens[who]}`, 'content-type': 'application/json' },
      requestContext: {
        requestId: 'JKJaXmPLvHcESHA=',
        http: { method, path: `/api/v1${path}` },
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEventV2
    const answer = await meter.invoke(to, () => functions[to](event, {} as Context))
    if ((answer.statusCode ?? 500) >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${answer.body}`)
    return answer.body ?? ''
  }

  const idle = {
    tend: () =>
      meter.invoke('schedule-tend', async () => {
        const { expired: _, ...tended } = await tend({ ...world, receipts: world.clockReceipts })
        measure(measuresOfSweep(tended))
      }),
    renew: () => meter.invoke('schedule-renew', async () => measure(measuresOfRenewals(await world.renew()))),
    refresh: () => {
      meter.add('sqs_requests', 3)
      return meter.invoke('worker-publish-status', () => publisher(messageOf({ type: 'refresh' })))
    },
  }

  return { world, meter, ask, settle, idle }
}

export type MeteredWorld = Awaited<ReturnType<typeof makeMeteredWorld>>

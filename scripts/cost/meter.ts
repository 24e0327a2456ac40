import { type FunctionId, rowOf } from '../../infra/access.ts'
import { indexes } from '../../infra/grants.ts'
import type { Priced, Usage } from './prices.ts'

/**
 * How long a call from a function in the same region takes, in milliseconds,
 * and how long a function computes besides. Stated, not measured: there is no
 * AWS here. Calls of one invocation count one after the other, and functions
 * are warm.
 */
const milliseconds = {
  'dynamodb:read': 5,
  'dynamodb:PutItem': 6,
  'dynamodb:DeleteItem': 6,
  'dynamodb:TransactWriteItems': 15,
  'kms:Sign': 25,
  'kms:Encrypt': 10,
  'sqs:SendMessage': 10,
  'states:StartExecution': 30,
  'states:SendTaskSuccess': 20,
  'sns:Publish': 20,
  's3:HeadObject': 15,
  's3:GetObject': 20,
  's3:PutObject': 30,
} as const

const computing = 10

export type Action = keyof typeof milliseconds | `dynamodb:${'GetItem' | 'BatchGetItem' | 'Query'}`

const latencyOf = (action: Action): number =>
  action in milliseconds ? milliseconds[action as keyof typeof milliseconds] : milliseconds['dynamodb:read']

/** Octets of the line that Step Functions writes for each entry of a history, without data. */
export const historyLine = 330

/** Octets of the line that API Gateway writes for each request. */
export const accessLine = 300

/** Of the table itself and of each of its indexes: what has a capacity of its own. */
export const places = ['table', ...indexes] as const

export type Place = (typeof places)[number]

/** Units by where they are used. */
export type Units = Readonly<Record<Place, { readonly reads: number; readonly writes: number }>>

const noUnits = (): Record<Place, { reads: number; writes: number }> => ({
  table: { reads: 0, writes: 0 },
  gsi1: { reads: 0, writes: 0 },
  gsi2: { reads: 0, writes: 0 },
  gsi3: { reads: 0, writes: 0 },
  gsi4: { reads: 0, writes: 0 },
  gsi5: { reads: 0, writes: 0 },
  gsi6: { reads: 0, writes: 0 },
})

export type Metered = {
  readonly usage: Usage
  /** Of the usage, what the table and its indexes took: the tokens of the workflow have a table of their own. */
  readonly units: Units
  readonly calls: Readonly<Record<string, number>>
  readonly invocations: Readonly<Record<string, number>>
  /** Write units by the kind of item: its sort key's name, with a mark where the indexes took them. */
  readonly writes: Readonly<Record<string, number>>
  /** Octets that are kept in the table, with its indexes and without. */
  readonly kept: { readonly with_indexes: number; readonly items: number }
  /** Series of metrics that were written. */
  readonly series: readonly string[]
}

const seriesOf = (line: string): readonly string[] => {
  if (!line.includes('"_aws"')) return []
  const { _aws, ...fields } = JSON.parse(line) as {
    readonly _aws: {
      readonly CloudWatchMetrics: readonly {
        readonly Dimensions: readonly (readonly string[])[]
        readonly Metrics: readonly { readonly Name: string }[]
      }[]
    }
    readonly [field: string]: unknown
  }
  return _aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.map((set) =>
        [Name, ...set.map((dimension) => `${dimension}=${fields[dimension]}`)].join(' '),
      ),
    ),
  )
}

/** Counts what is used between two `read`s. */
export const makeMeter = () => {
  let usage: Partial<Record<Priced, number>> = {}
  let calls: Record<string, number> = {}
  let invocations: Record<string, number> = {}
  let writes: Record<string, number> = {}
  let units = noUnits()
  let kept = { with_indexes: 0, items: 0 }
  let series = new Set<string>()
  let waited = 0

  const add = (name: Priced, quantity: number): void => {
    usage[name] = (usage[name] ?? 0) + quantity
  }

  const write = (kind: string, used: number): void => {
    add('write_units', used)
    writes[kind] = (writes[kind] ?? 0) + used
  }

  const writeTo = (place: Place, kind: string, used: number): void => {
    write(kind, used)
    units[place].writes += used
  }

  const readFrom = (place: Place, used: number): void => {
    add('read_units', used)
    units[place].reads += used
  }

  const keep = (more: typeof kept): void => {
    kept = { with_indexes: kept.with_indexes + more.with_indexes, items: kept.items + more.items }
  }

  const call = (action: Action): void => {
    calls[action] = (calls[action] ?? 0) + 1
    waited += latencyOf(action)
  }

  const log = (line: string): void => {
    add('log_gigabytes', Buffer.byteLength(line) / 1e9)
    for (const one of seriesOf(line)) series.add(one)
  }

  /** One invocation of a function, with all that it calls and logs. */
  const invoke = async <T>(id: FunctionId, work: () => Promise<T>): Promise<T> => {
    const terminal = process.stdout.write
    waited = computing
    process.stdout.write = (chunk: string | Uint8Array): boolean => {
      log(String(chunk))
      return true
    }
    try {
      return await work()
    } finally {
      process.stdout.write = terminal
      invocations[id] = (invocations[id] ?? 0) + 1
      add('lambda_requests', 1)
      add('lambda_gb_seconds', (rowOf(id).memory / 1024) * (waited / 1000))
    }
  }

  /** What was used since the last reading. */
  const read = (): Metered => {
    const metered = { usage, units, calls, invocations, writes, kept, series: [...series].sort() }
    usage = {}
    calls = {}
    invocations = {}
    writes = {}
    units = noUnits()
    kept = { with_indexes: 0, items: 0 }
    series = new Set()
    return metered
  }

  return { add, write, writeTo, readFrom, call, keep, invoke, read }
}

export type Meter = ReturnType<typeof makeMeter>

import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib'
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import { AlarmTopic } from './alarm-topic.ts'
import type { Stage } from './config.ts'
import { indexes } from './grants.ts'
import { KeyAlarm } from './key-alarm.ts'
import { SigningKey } from './signing-key.ts'

/** What the other stack needs of a table. */
export type TableInUse = Pick<Table, 'tableName' | 'tableArn' | 'tableStreamArn'>

/**
 * What must outlive everything else: the table and the CA keys. The other
 * stack can be deleted and deployed again without losing a certificate.
 */
export class DataStack extends Stack {
  /** The one in use: the stack's own, or one that a backup was restored into. */
  readonly table: TableInUse
  /** ARNs by the key's name, as `CA_KEYS` has them. */
  readonly caKeys: Readonly<Record<string, string>>
  /** ARNs, as `RECEIPT_KEYS` has them. */
  readonly receiptKeys: { readonly decision: string; readonly clock: string }
  readonly alarmTopic: AlarmTopic

  constructor(scope: Construct, stage: Stage) {
    super(scope, `countersign-${stage.name}-data`, { terminationProtection: stage.production })
    this.table = tableInUse(this, stage, truthTable(this, stage))
    const own = caKeysIn(this, stage)
    this.caKeys = { ...own, ...stage.ca_key_arns }
    this.receiptKeys = {
      decision: receiptKey(this, stage, 'decision-key', 'vouches for the decisions of people'),
      clock: receiptKey(this, stage, 'clock-key', 'vouches for deadlines that passed'),
    }
    this.alarmTopic = new AlarmTopic(this, 'Alarms', stage)
    new KeyAlarm(this, 'KeyAlarm', {
      topic: this.alarmTopic,
      // Those of another account have their alarm there: CloudTrail tells it where the key is.
      arns: [...Object.values(own), ...Object.values(this.receiptKeys)],
    })
    new CfnOutput(this, 'AlarmTopic', { value: this.alarmTopic.topicArn })
    new CfnOutput(this, 'TableName', { value: this.table.tableName })
    new CfnOutput(this, 'CaKeys', { value: this.toJsonString(this.caKeys) })
  }
}

/** The stage's CA keys, made in the account of the stack; ARNs by name. */
export function caKeysIn(
  scope: Construct,
  stage: Stage,
  used_by: { readonly used_by?: string } = {},
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(stage.ca_keys).map(([name, spec]) => {
      const key = { stage, purpose: `CA key "${name}"`, spec, resource: 'ca-keys', ...used_by } as const
      return [name, new SigningKey(scope, `CaKey-${name}`, key).arn]
    }),
  )
}

function receiptKey(
  scope: Construct,
  stage: Stage,
  resource: 'decision-key' | 'clock-key',
  purpose: string,
): string {
  const id = resource === 'decision-key' ? 'DecisionKey' : 'ClockKey'
  return new SigningKey(scope, id, { stage, purpose, spec: 'ECC_NIST_P256', resource }).arn
}

/** The stack's own table stays in the stack, whichever is in use: nothing is deleted by going over to another. */
function tableInUse(scope: Construct, { restored_table }: Stage, own: Table): TableInUse {
  if (restored_table === null) return own
  const { name: tableName, stream_arn: tableStreamArn } = restored_table
  const { tableArn } = Table.fromTableAttributes(scope, 'RestoredTable', { tableName, tableStreamArn })
  return { tableName, tableArn, tableStreamArn }
}

function truthTable(scope: Construct, stage: Stage): Table {
  const table = new Table(scope, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    ...capacityOf(stage),
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: stage.production,
    removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    timeToLiveAttribute: 'ttl',
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
  })
  for (const index of indexes) {
    table.addGlobalSecondaryIndex({
      indexName: index,
      partitionKey: { name: `${index}pk`, type: AttributeType.STRING },
      sortKey: { name: `${index}sk`, type: AttributeType.STRING },
      // A row that changes without moving costs an index of keys nothing.
      projectionType: index === 'gsi6' ? ProjectionType.ALL : ProjectionType.KEYS_ONLY,
      ...unitsOf(stage),
    })
  }
  scale(table, stage)
  return table
}

/** What a table or an index with provisioned capacity begins with. */
function unitsOf({ table }: Stage): { readonly readCapacity?: number; readonly writeCapacity?: number } {
  if (table.capacity === 'on_demand') return {}
  return { readCapacity: table.read.minimum, writeCapacity: table.write.minimum }
}

function capacityOf(stage: Stage) {
  const onDemand = stage.table.capacity === 'on_demand'
  return { billingMode: onDemand ? BillingMode.PAY_PER_REQUEST : BillingMode.PROVISIONED, ...unitsOf(stage) }
}

/** The table and each index by themselves: they are read and written at rates of their own, and each has its own limit. */
function scale(table: Table, { table: settings }: Stage): void {
  if (settings.capacity === 'on_demand') return
  const { read, write, target_utilization: targetUtilizationPercent } = settings
  const bounds = ({ minimum, maximum }: typeof read) => ({ minCapacity: minimum, maxCapacity: maximum })
  const scaled = [
    table.autoScaleReadCapacity(bounds(read)),
    table.autoScaleWriteCapacity(bounds(write)),
    ...indexes.flatMap((index) => [
      table.autoScaleGlobalSecondaryIndexReadCapacity(index, bounds(read)),
      table.autoScaleGlobalSecondaryIndexWriteCapacity(index, bounds(write)),
    ]),
  ]
  for (const one of scaled) one.scaleOnUtilization({ targetUtilizationPercent })
}

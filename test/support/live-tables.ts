import { isDeepStrictEqual } from 'node:util'
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateScan,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'

type Row = Readonly<Record<string, AttributeValue>>

/** The rows of a table at one moment, by their keys. */
export type Rows = ReadonlyMap<string, Row>

const keyOf = ({ pk, sk }: Row): string => JSON.stringify([pk, sk])

/** All rows of a table as they are now. */
export async function rowsOf(client: DynamoDBClient, TableName: string): Promise<Rows> {
  const rows = new Map<string, Row>()
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true }))
    for (const row of Items) rows.set(keyOf(row), row)
  return rows
}

/** A table under a name of its own, like another one and with these rows: what an import makes on AWS. */
export async function copyInto(
  client: DynamoDBClient,
  {
    like,
    TableName,
    rows,
  }: { readonly like: TableDescription; readonly TableName: string; readonly rows: Rows },
): Promise<void> {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes = [] } = like
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema,
      AttributeDefinitions,
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
  )
  for (const Item of rows.values()) await client.send(new PutItemCommand({ TableName, Item: { ...Item } }))
}

/** Gives a table these rows and no others: what a restore to their moment does on AWS. */
export async function setBackTo(rows: Rows, client: DynamoDBClient, TableName: string): Promise<void> {
  const now = await rowsOf(client, TableName)
  for (const [key, { pk, sk }] of now)
    if (!rows.has(key) && pk !== undefined && sk !== undefined)
      await client.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }))
  for (const [key, Item] of rows)
    if (!isDeepStrictEqual(now.get(key), Item))
      await client.send(new PutItemCommand({ TableName, Item: { ...Item } }))
}

import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { ParkedTokens, Tokens } from '../ports/workflow.ts'

/** Written by the park function, which cannot read what it wrote. */
export const tokens = (table: string, client = new DynamoDBClient({})): Tokens => ({
  park: async (approval_id, token, keep_until) => {
    const ttl = Math.floor(new Date(keep_until).getTime() / 1000)
    const Item = { pk: { S: approval_id }, token: { S: token }, ttl: { N: String(ttl) } }
    await client.send(new PutItemCommand({ TableName: table, Item }))
  },
})

/** Read by the relay alone. */
export const parkedTokens = (table: string, client = new DynamoDBClient({})): ParkedTokens => ({
  take: async (approval_id) => {
    const Key = { pk: { S: approval_id } }
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
    return Item?.token?.S ?? null
  },
  drop: async (approval_id, token) => {
    const drop = new DeleteItemCommand({
      TableName: table,
      Key: { pk: { S: approval_id } },
      ConditionExpression: '#t = :t',
      ExpressionAttributeNames: { '#t': 'token' },
      ExpressionAttributeValues: { ':t': { S: token } },
    })
    try {
      await client.send(drop)
    } catch (error) {
      // Another token was parked meanwhile: that one is somebody else's to drop.
      if (!(error instanceof ConditionalCheckFailedException)) throw error
    }
  },
})

import { marshall } from '@aws-sdk/util-dynamodb'
import * as z from 'zod'
import type { ParkedTokens, Tokens } from '../ports/workflow.ts'
import { type AwsAccess, jsonCall } from './aws-call.ts'
import { isCalled } from './passing.ts'

/** Written by the park function, which cannot read what it wrote. */
export const tokens = (TableName: string, access: AwsAccess): Tokens => {
  const call = jsonCall('dynamodb', access)
  return {
    park: async (approval_id, token, keep_until) => {
      const ttl = Math.floor(new Date(keep_until).getTime() / 1000)
      await call('PutItem', { TableName, Item: marshall({ pk: approval_id, token, ttl }) })
    },
  }
}

const kept = z.object({ Item: z.object({ token: z.object({ S: z.string() }) }).optional() })

/** Read by the relay alone. */
export const parkedTokens = (TableName: string, access: AwsAccess): ParkedTokens => {
  const call = jsonCall('dynamodb', access)
  return {
    take: async (approval_id) => {
      const asked = { TableName, Key: marshall({ pk: approval_id }), ConsistentRead: true }
      return kept.parse(await call('GetItem', asked)).Item?.token.S ?? null
    },
    drop: async (approval_id, token) => {
      try {
        await call('DeleteItem', {
          TableName,
          Key: marshall({ pk: approval_id }),
          ConditionExpression: '#t = :t',
          ExpressionAttributeNames: { '#t': 'token' },
          ExpressionAttributeValues: marshall({ ':t': token }),
        })
      } catch (error) {
        // Another token was parked meanwhile: that one is somebody else's to drop.
        if (!isCalled(error, 'ConditionalCheckFailedException')) throw error
      }
    },
  }
}

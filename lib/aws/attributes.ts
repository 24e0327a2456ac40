import type { unmarshall } from '@aws-sdk/util-dynamodb'
import * as z from 'zod'

/** A record in DynamoDB's own encoding, as `unmarshall` reads it: that says no to values of no type. */
export const attributes = z.custom<Parameters<typeof unmarshall>[0]>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)

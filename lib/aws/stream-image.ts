import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { AttributeValue } from 'aws-lambda'
import { attributes } from './attributes.ts'

/** The item of a stream record as plain values. Streams say it in the table's own encoding. */
export const itemOf = (image: Readonly<Record<string, AttributeValue>>): unknown =>
  unmarshall(attributes.parse(image))

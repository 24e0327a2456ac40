import * as z from 'zod'
import { receiptJwks } from '../../model/jwks.ts'
import { prefix, route } from '../operation.ts'

export const about = {
  getReceiptKeys: route({
    method: 'GET',
    path: '/.well-known/countersign/jwks.json',
    function: 'read',
    permission: null,
    summary: 'The public keys that receipts are verified with',
    output: receiptJwks,
  }),
  getOpenApi: route({
    method: 'GET',
    path: `${prefix}/openapi.json`,
    function: 'read',
    permission: null,
    summary: 'This API as OpenAPI 3.1',
    output: z.looseObject({ openapi: z.string() }),
  }),
} as const

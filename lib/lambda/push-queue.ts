import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import * as z from 'zod'
import { measure } from './metrics.ts'
import { queueFunction } from './queue.ts'

/** What S3 says of an object that was written: its key as in a URL. The rest of its word does not matter here. */
const written = z.looseObject({
  Records: z.array(z.looseObject({ s3: z.looseObject({ object: z.looseObject({ key: z.string() }) }) })),
})

/** What S3 says once, when it is told where to say things. */
const test = z.looseObject({ Event: z.literal('s3:TestEvent') })

const message = z.union([written, test])

type Pushed = { readonly to: string; readonly outcome: string }

const pathOf = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

/** A worker that hands published lists on, behind a queue that S3 writes into. */
export const pushFunction = (
  push: (path: string) => Promise<readonly Pushed[]>,
): ((event: SQSEvent) => Promise<SQSBatchResponse>) =>
  queueFunction(message, async (read) => {
    const keys = 'Records' in read && Array.isArray(read.Records) ? read.Records : []
    const outcomes: Pushed[] = []
    for (const { s3 } of keys) outcomes.push(...(await push(pathOf(s3.object.key))))
    for (const { outcome } of outcomes)
      measure([{ name: 'crl_pushes_total', unit: 'Count', value: 1, dimensions: { outcome } }])
    return outcomes.map(({ to, outcome }) => `${to} ${outcome}`).join(', ')
  })

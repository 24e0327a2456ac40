import * as z from 'zod'
import { type KeyUse, keyUseOf, signRecord } from '../model/key-use.ts'
import { logger } from './logger.ts'

const delivered = z.looseObject({ detail: signRecord })

/** A function that EventBridge hands records of CloudTrail; what it throws is delivered again. */
export const trailFunction =
  (work: (use: KeyUse) => Promise<string>) =>
  async (event: unknown): Promise<string> => {
    const use = keyUseOf(delivered.parse(event).detail)
    const outcome = await work(use)
    const { request_id, event_id, key_arn, by } = use
    if (outcome === 'unmatched') logger.warn('key use unmatched', { request_id, event_id, key_arn, by })
    else logger.info('key use', { request_id, event_id, outcome })
    return outcome
  }

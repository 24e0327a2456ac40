import * as z from 'zod'
import { durationBetween, secondsOf } from './time.ts'

const distinct = (durations: readonly string[]): boolean =>
  new Set(durations.map(secondsOf)).size === durations.length

/**
 * When certificates of a profile renew by themselves, and who is told what
 * when they do not. The moment is the later of two: a share of the lifetime
 * suits what lives for hours or weeks, a lead time suits what lives for years.
 */
export const renewalPolicy = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Of the lifetime that has passed, in percent; null for the lead time alone. */
    percent: z.int().min(33).max(95).nullable().default(67),
    /** Before the certificate ends; null for the share of the lifetime alone. */
    lead_time: durationBetween('PT1M', 'P1826D').nullable().default('P30D'),
    /** How much earlier a renewal opens that waits for people: for an approval, or for a CSR. */
    approval_lead: durationBetween('PT0S', 'P90D').default('P7D'),
    /** How often a renewal of one version is opened before it is left to people. */
    max_attempts: z.int().min(1).max(20).default(5),
    /** How long before its end the owner of a certificate is told that it has not been renewed. */
    alerts: z
      .array(durationBetween('PT1M', 'P400D'))
      .max(8)
      .refine(distinct, 'names one twice')
      .default(['P30D', 'P14D', 'P7D', 'P1D', 'PT1H']),
  })
  .refine(({ percent, lead_time }) => percent !== null || lead_time !== null, {
    path: ['percent'],
    error: 'neither a share of the lifetime nor a lead time says when to renew',
  })

export type RenewalPolicy = Readonly<z.infer<typeof renewalPolicy>>

/** What holds where a version of a profile says nothing of renewals. */
export const defaultRenewalPolicy: RenewalPolicy = renewalPolicy.parse({})

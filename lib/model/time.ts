import * as z from 'zod'

/** The present; injected, so that no rule reads a clock of its own. */
export type Clock = () => Date

/** An instant as ISO 8601 in UTC with milliseconds, which sorts as text. */
export const instant = z.iso.datetime({ precision: 3 })

export const instantOf = (date: Date): string => date.toISOString()

/** From one instant to another, in seconds. */
export const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000

export const later = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000)

const form = /^P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/

const units = [604_800, 86_400, 3600, 60, 1]

/** An ISO 8601 duration in weeks, days, hours, minutes and seconds; not in months or years, which have no one length. */
export const duration = z
  .string()
  .max(40)
  .refine((text) => form.test(text) && /\d/.test(text) && !text.endsWith('T'), {
    error: 'must be an ISO 8601 duration such as P90D or PT30M, without years or months',
  })

/** Whole seconds of a `duration`. */
export const secondsOf = (text: string): number =>
  (form.exec(text) ?? [])
    .slice(1)
    .reduce((sum, part, unit) => sum + (part === undefined ? 0 : Number(part)) * (units[unit] ?? 0), 0)

/** A duration within bounds, both inclusive. */
export const durationBetween = (least: string, most: string) =>
  duration.refine((text) => secondsOf(text) >= secondsOf(least) && secondsOf(text) <= secondsOf(most), {
    error: `must be between ${least} and ${most}`,
  })

import { element } from './der.ts'

const wholeSeconds = (date: Date): string => {
  const iso = date.toISOString()
  if (iso.length !== 24) throw new RangeError('a certificate cannot say a year before 0 or after 9999')
  return `${iso.slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
}

/** GeneralizedTime, YYYYMMDDHHMMSSZ; fractions of a second are cut off. */
export const generalizedTime = (date: Date): Uint8Array => element(0x18, Buffer.from(wholeSeconds(date)))

/** UTCTime for the years 1950–2049, GeneralizedTime for all others (RFC 5280 §4.1.2.5). */
export const time = (date: Date): Uint8Array => {
  const year = date.getUTCFullYear()
  if (year < 1950 || year > 2049) return generalizedTime(date)
  return element(0x17, Buffer.from(wholeSeconds(date).slice(2)))
}

import { element } from './der.ts'
import { type Backward, lengthOf, putHeader, putOctet } from './der-backward.ts'

/** The decimal digits of a number, as octets at an offset. */
const writeDigits = (octets: Uint8Array, offset: number, value: number, digits: number): void => {
  for (let at = digits - 1, rest = value; at >= 0; at -= 1, rest = Math.trunc(rest / 10))
    octets[offset + at] = 0x30 + (rest % 10)
}

/** YYYYMMDDHHMMSSZ with as many digits of the year as there is room for; fractions of a second are cut off. */
const wholeSeconds = (date: Date, yearDigits: 2 | 4): Uint8Array => {
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999))
    throw new RangeError('a certificate cannot say a year before 0 or after 9999')
  const octets = new Uint8Array(yearDigits + 11)
  writeDigits(octets, 0, yearDigits === 2 ? year % 100 : year, yearDigits)
  writeDigits(octets, yearDigits, date.getUTCMonth() + 1, 2)
  writeDigits(octets, yearDigits + 2, date.getUTCDate(), 2)
  writeDigits(octets, yearDigits + 4, date.getUTCHours(), 2)
  writeDigits(octets, yearDigits + 6, date.getUTCMinutes(), 2)
  writeDigits(octets, yearDigits + 8, date.getUTCSeconds(), 2)
  octets[yearDigits + 10] = 0x5a
  return octets
}

/** GeneralizedTime, YYYYMMDDHHMMSSZ; fractions of a second are cut off. */
export const generalizedTime = (date: Date): Uint8Array => element(0x18, wholeSeconds(date, 4))

/** UTCTime for the years 1950–2049, GeneralizedTime for all others (RFC 5280 §4.1.2.5). */
export const time = (date: Date): Uint8Array => {
  const year = date.getUTCFullYear()
  return year < 1950 || year > 2049 ? generalizedTime(date) : element(0x17, wholeSeconds(date, 2))
}

/** An instant in ISO 8601, to the second or finer. */
const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

/** Where the digits of YYYYMMDDHHMMSS are in it. */
const digitsAt = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]

/** Writes an instant in ISO 8601 as `time` does; fractions of a second are cut off. */
export const putTime = (to: Backward, instant: string): void => {
  if (!instantForm.test(instant))
    throw new RangeError('a certificate cannot say a year before 0 or after 9999')
  const short = instant >= '1950' && instant < '2050'
  const since = lengthOf(to)
  putOctet(to, 0x5a)
  for (let index = digitsAt.length - 1; index >= (short ? 2 : 0); index -= 1)
    putOctet(to, instant.charCodeAt(digitsAt[index] ?? 0))
  putHeader(to, short ? 0x17 : 0x18, since)
}

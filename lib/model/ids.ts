import * as z from 'zod'

/** Gives `n` bytes that nobody can predict; injected so that tests can be repeated. */
export type Random = (n: number) => Uint8Array

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Sixteen characters of Crockford base 32: 80 random bits. */
export const newSuffix = (random: Random): string =>
  Array.from(random(16), (byte) => alphabet.charAt(byte & 31)).join('')

export const jobId = z.string().regex(/^job-[a-z0-9]{6,32}$/)
export const approvalId = z.string().regex(/^ar-[a-z0-9]{6,32}$/)
export const certificateId = z.string().regex(/^mc-[a-z0-9-]{1,62}$/)
export const profileId = z.string().regex(/^p-[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/)
export const issuerId = z.string().regex(/^iss-[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/)
export const grantId = z.string().regex(/^gr-[a-z0-9]{6,32}$/)
export const principalId = z.string().regex(/^pr-[a-z0-9]{1,32}$/)

export const delegationId = z.string().regex(/^dl-[a-z0-9]{16}$/)

/** The people who answer for something together; a team is its name, and exists where somebody is in it. */
export const teamName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$/, {
  error: 'must be lower case letters, digits and hyphens, at most 62',
})
/** Whoever may stand behind a request: a principal, or the schedule, whose id no principal can have. */
export const requesterId = z.string().regex(/^pr-(?:[a-z0-9]{1,32}|system-renewal)$/)

/** What a change is known as outside: a ticket such as SECOPS-12345, a change record such as CHG0030052. */
export const ticketReference = z.string().regex(/^[A-Z][A-Z0-9_]{0,31}-?[0-9]{1,12}$/, {
  error: 'must be a reference such as SECOPS-12345 or CHG0030052',
})

/** An approval is a view of its job: same suffix, other prefix. */
export const approvalIdOf = (job: string): string => job.replace(/^job-/, 'ar-')
export const jobIdOf = (approval: string): string => approval.replace(/^ar-/, 'job-')

/** A standing grant is what its job gave: same suffix, too. */
export const grantIdOf = (job: string): string => job.replace(/^job-/, 'gr-')
export const jobOfGrant = (grant: string): string => grant.replace(/^gr-/, 'job-')

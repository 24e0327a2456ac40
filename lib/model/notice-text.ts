import type { Concerned, Named, Notice } from './notice.ts'

const nameOf = ({ id, name }: Named): string => (name === null ? id : `${name} (${id})`)

const lineOf = (who: Concerned): string => `${nameOf(who)}: ${who.as.join(', ')}`

/** What a person reads of a notice, label by label; without what does not apply. */
export const factsOf = (notice: Notice): readonly (readonly [string, string])[] => {
  const facts: readonly (readonly [string, string | null])[] = [
    ['What', notice.summary],
    ['Look twice', notice.warnings.length === 0 ? null : notice.warnings.join('; ')],
    ['By', nameOf(notice.actor)],
    ['Requested by', notice.requested_by === null ? null : nameOf(notice.requested_by)],
    ['Reason given', notice.reason],
    ['Owner', notice.owner],
    ['Team', notice.team],
    ['Profile', notice.profile_id],
    ['Certificate', notice.certificate_id],
    ['Ends', notice.not_after],
    ['Do something before', notice.deadline],
    ['Ticket', notice.ticket],
    ['Approval', notice.approval_state],
    ['Decide before', notice.approval_state === 'pending' ? notice.expires_at : null],
    ['Concerns', notice.concerned.length === 0 ? null : notice.concerned.map(lineOf).join('; ')],
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]))
}

/** A notice as plain text. */
export const textOf = (notice: Notice): string =>
  [
    notice.urgency === 'emergency' ? `EMERGENCY: ${notice.title}` : notice.title,
    '',
    ...factsOf(notice).map(([label, value]) => `${label}: ${value}`),
    '',
    notice.link,
    'The link shows; it decides nothing.',
    '',
    `${notice.event}, ${notice.time}, ${notice.id}`,
  ].join('\n')

/** The subject of an e-mail: SNS takes a line of at most 99 printable ASCII characters. */
export const subjectOf = ({ title, urgency, certificate_id, job_id }: Notice): string =>
  `Countersign${urgency === 'emergency' ? ' EMERGENCY' : ''}: ${[title, certificate_id ?? job_id ?? ''].filter((part) => part !== '').join(', ')}`
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 99)

import type { Json } from './digest.ts'
import type { Notice } from './notice.ts'
import { factsOf, textOf } from './notice-text.ts'
import type { Urgency } from './telling.ts'
import type { WebhookShape } from './webhook.ts'

const jsonOf = (notice: Notice): Json => ({
  ...notice,
  warnings: [...notice.warnings],
  actor: { ...notice.actor },
  requested_by: notice.requested_by === null ? null : { ...notice.requested_by },
  concerned: notice.concerned.map(({ as, ...who }) => ({ ...who, as: [...as] })),
})

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text

/** Plain text: Slack takes nothing in it for markup, a mention or a link with another face. */
const plain = (text: string, length: number) => ({
  type: 'plain_text',
  text: cut(text, length),
  emoji: false,
})

/** Slack's Block Kit, for incoming webhooks. Only the link, which is our own, is markup. */
const slack = (notice: Notice): Json => {
  const lines = factsOf(notice).map(([label, value]) => `${label}: ${value}`)
  return {
    text: cut(`${notice.title}: ${notice.summary}`, 3000).replace(/[&<>]/g, ' '),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: plain(notice.title, 150) },
      { type: 'section', text: plain(lines.join('\n'), 3000) },
      { type: 'section', text: { type: 'mrkdwn', text: `<${notice.link}|Open> (it decides nothing)` } },
      { type: 'context', elements: [plain(`${notice.event}, ${notice.time}, ${notice.id}`, 300)] },
    ],
  }
}

const colours: Readonly<Record<Urgency, string>> = {
  routine: 'Default',
  action: 'Accent',
  urgent: 'Attention',
  emergency: 'Attention',
}

/** A text run: an Adaptive Card reads no Markdown in it, which it does everywhere else. */
const line = (label: string, value: string) => ({
  type: 'RichTextBlock',
  inlines: [
    { type: 'TextRun', text: `${label}: `, weight: 'Bolder' },
    { type: 'TextRun', text: value },
  ],
})

/** An Adaptive Card in the message that Teams' Workflows take. */
const teams = (notice: Notice): Json => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          {
            type: 'TextBlock',
            size: 'Medium',
            weight: 'Bolder',
            wrap: true,
            color: colours[notice.urgency],
            text: notice.title,
          },
          ...factsOf(notice).map(([label, value]) => line(label, value)),
          line('Event', `${notice.event}, ${notice.time}, ${notice.id}`),
        ],
        actions: [{ type: 'Action.OpenUrl', title: 'Open', url: notice.link }],
      },
    },
  ],
})

/** 1 is the highest, as ServiceNow and Jira have it. */
const levels: Readonly<Record<Urgency, string>> = {
  routine: '3',
  action: '2',
  urgent: '1',
  emergency: '1',
}

const priorities: Readonly<Record<Urgency, string>> = {
  routine: 'Low',
  action: 'Medium',
  urgent: 'High',
  emergency: 'Highest',
}

/** What makes all messages about one job one change there. */
const correlationOf = (notice: Notice): string => notice.job_id ?? notice.certificate_id ?? notice.id

/** A change request in the words of ServiceNow's table of that name. */
const serviceNow = (notice: Notice): Json => ({
  short_description: cut(`${notice.title}: ${notice.summary}`, 160),
  description: textOf(notice),
  type: 'normal',
  category: 'Certificates',
  urgency: levels[notice.urgency],
  impact: levels[notice.urgency],
  correlation_id: correlationOf(notice),
  correlation_display: 'Countersign',
  ticket: notice.ticket,
  notice: jsonOf(notice),
})

/** An issue in the words of Jira, and what its Automation's incoming webhooks read beside it. */
const jira = (notice: Notice): Json => ({
  issues: notice.ticket === null ? [] : [notice.ticket],
  fields: {
    summary: cut(`${notice.title}: ${notice.summary}`, 250),
    description: textOf(notice),
    labels: ['countersign', notice.event],
    priority: { name: priorities[notice.urgency] },
  },
  correlation_id: correlationOf(notice),
  ticket: notice.ticket,
  notice: jsonOf(notice),
})

const shapes: Readonly<Record<WebhookShape, (notice: Notice) => Json>> = {
  json: jsonOf,
  slack,
  teams,
  servicenow: serviceNow,
  jira,
}

/** A notice in the words of whoever receives it. */
export const payloadOf = (shape: WebhookShape, notice: Notice): string =>
  JSON.stringify(shapes[shape](notice))

/** What subscribers of the topic that are programs get: the plain shape. */
export const jsonPayload = (notice: Notice): string => payloadOf('json', notice)

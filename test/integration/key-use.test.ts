import { AwsClient } from 'aws4fetch'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../scripts/local/api.ts'
import { credentials } from '../../scripts/local/environment.ts'
import { invoke, variablesOf } from '../support/live-functions.ts'
import { issueUngated, suffix } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'
import { signEvent } from '../support/trail.ts'

const events = new AwsClient({ ...credentials, service: 'events', region: stack.region })

const ask = async (operation: string, body: object): Promise<unknown> => {
  const answer = await events.fetch(stack.emulator_url, {
    method: 'POST',
    headers: { 'x-amz-target': `AWSEvents.${operation}`, 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  expect(answer.status, text).toBe(200)
  return text === '' ? null : JSON.parse(text)
}

/** Whether the deployed rule would hand this event to the function. */
const isHeard = async (event: ReturnType<typeof signEvent>): Promise<boolean> => {
  const { Rules } = (await ask('ListRules', {})) as { readonly Rules: readonly { EventPattern: string }[] }
  const rule = Rules.find(({ EventPattern }) => EventPattern.includes('"Sign"'))
  const body = { EventPattern: rule?.EventPattern, Event: JSON.stringify(event) }
  const { Result } = (await ask('TestEventPattern', body)) as { readonly Result: boolean }
  return Result
}

/** Nobody but AWS may send events of AWS: what the rule would hand on is handed on here. */
const tell = async (event: ReturnType<typeof signEvent>): Promise<void> => {
  expect(await isHeard(event)).toBe(true)
  await invoke('watch-key-use', event)
}

type Row = {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly details: Readonly<Record<string, unknown>>
}

const audit = async (query: string): Promise<readonly Row[]> =>
  (await as('dave').get(`/audit?limit=200&${query}`)).json as readonly Row[]

const unmatched = async (request_id: string) =>
  (await audit('action=key_use_unmatched')).filter(({ details }) => details.request_id === request_id)

const reportOf = (request_id: string) =>
  eventually(`a report of ${request_id}`, async () => {
    const [found] = await unmatched(request_id)
    return found === undefined ? { seen: 'none' } : { found: String(found.details.reason) }
  })

describe('a use of a CA key that CloudTrail tells of', () => {
  it('is held against the record within seconds: a real one is silent, a rogue one is on record', async () => {
    const { SIGNERS = '[]' } = await variablesOf('watch-key-use')
    const [role_arn = ''] = JSON.parse(SIGNERS) as string[]
    const { certificate_id } = await issueUngated()
    const planned = (await audit(`resource=${certificate_id}`)).find(
      ({ type }) => type === 'issuance_planned',
    )
    const event_id = planned?.id ?? ''
    const use = { key_arn: stack.ca_keys.issuing ?? '', role_arn, event_id, time: planned?.time ?? '' }
    const [real, rogue, second] = ['real', 'rogue', 'second'].map((name) => `${name}-${suffix()}`) as [
      string,
      string,
      string,
    ]
    await tell(signEvent({ ...use, request_id: real }))
    await tell(signEvent({ ...use, event_id: null, request_id: rogue }))
    expect(await reportOf(rogue)).toMatch(/does not say which event/)
    // A list, too, is signed after its event.
    const [listed] = await audit('action=crl_planned&resource=iss-web')
    const list = {
      ...use,
      event_id: listed?.id ?? '',
      time: listed?.time ?? '',
      request_id: `list-${suffix()}`,
    }
    expect(await invoke('watch-key-use', signEvent(list))).toBe('matched')
    // The event of the real one, for one signature more.
    await tell(signEvent({ ...use, request_id: second }))
    expect(await reportOf(second)).toMatch(/used 2 times for one event/)
    expect(await unmatched(real)).toEqual([])
    const elsewhere = { ...use, key_arn: 'arn:aws:kms:us-east-1:000000000000:key/other', request_id: real }
    expect(await isHeard(signEvent(elsewhere))).toBe(false)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { beforeAll, describe, expect, it } from 'vitest'
import { repository } from '../../scripts/local/folders.ts'
import { commandsUnder } from '../support/live-commands.ts'
import { queueUrl } from '../support/live-jobs.ts'
import { messagesOn } from '../support/live-redelivery.ts'
import { issueGated, issueUngated } from '../support/live-requests.ts'
import { clients, stack } from '../support/stack.ts'
import { signEvent } from '../support/trail.ts'
import { shell } from './operator.ts'

const page = 'docs/operator/runbook.md'

const sections = [...readFileSync(join(repository, page), 'utf8').matchAll(/^## (.+)$/gm)].map(
  ([, heading = '']) => heading,
)

/** Of an order of AWS Private CA that nobody answered: which, only CloudTrail knows. */
const ofAwsAlone = /^aws cloudtrail lookup-events/

const somebody = 'arn:aws:iam::111122223333:role/somebody'

describe('the runbook, by an operator at a terminal', () => {
  let certificate_id: string
  const request_id = `runbook-${Date.now()}`

  beforeAll(async () => {
    const { job_id } = await issueUngated()
    certificate_id = (await issueGated()).certificate_id
    const use = { key_arn: stack.ca_keys.issuing ?? '', role_arn: somebody, event_id: null, request_id }
    const rogue = signEvent({ ...use, time: new Date().toISOString() })
    for (const [queue, message] of [
      ['kms_dead_letters', { job_id }],
      ['key_use_dead_letters', rogue],
      ['key_use_dead_letters', { ...rogue, id: `${request_id}-again` }],
    ] as const)
      await clients.sqs.send(
        new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody: JSON.stringify(message) }),
      )
    const operator = await shell()
    const keys = `export API=${stack.api_url} API_KEY=${stack.principals.carol.api_key}`
    const first = commandsUnder(page, 'Runbook').join('\n').replace('STAGE=prod', 'STAGE=local')
    expect((await operator.run(`${keys}\n${first}`)).failed).toEqual([])
  })

  it.each(sections)('%s: every command does what it is for', async (section) => {
    const operator = await shell()
    for (const commands of commandsUnder(page, section).filter((block) => !ofAwsAlone.test(block))) {
      const { failed, said } = await operator.run(commands.replaceAll('mc-foo', certificate_id))
      expect(failed, said).toEqual([])
    }
  })

  it('leaves no dead letters, and a use of a key that nobody had looked at on record', async () => {
    expect(await messagesOn('kms_dead_letters')).toBe(0)
    expect(await messagesOn('key_use_dead_letters')).toBe(0)
    const operator = await shell()
    expect((await operator.run('audit key_use_unmatched')).said).toContain(request_id)
  })

  it('finds the dead letters of what gives lists to others, where a stage has that', async () => {
    const { said, failed } = await (await shell()).run('npm run redrive -- push --stage "$STAGE"')
    expect(failed).toEqual([])
    expect(said).toContain('0 sent again')
  })
})

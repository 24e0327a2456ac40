import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { jsonCall } from '../../../lib/aws/aws-call.ts'
import { outcomeOf } from '../../../lib/aws/passing.ts'

type Answer = readonly [status: number, body: string]

/** AWS, as far as a test says what it answers: one after the other, the last one from then on. */
let answers: readonly Answer[] = []
let asked = 0
const server = createServer((request, response) => {
  const [status, body] = answers[Math.min(asked, answers.length - 1)] ?? [500, '']
  asked += 1
  request.resume().on('end', () => response.writeHead(status).end(body))
})

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  asked = 0
})

const call = (...given: readonly Answer[]) => {
  answers = given
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return jsonCall('kms', { region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials })(
    'Sign',
    {},
  )
}

const fault = (name: string): Answer => [400, JSON.stringify({ __type: `com.amazonaws.kms#${name}` })]
const signature: Answer = [200, '{"Signature":"AAAA"}']

describe('an operation of a service that speaks JSON', () => {
  it.each<[string, Answer]>([
    ['throttled', fault('ThrottlingException')],
    ['told of trouble on the other side', [503, 'Service Unavailable']],
    ['told that it is too much, without a name', [429, '']],
  ])('is asked again when it is %s', async (_, first) => {
    expect(await call(first, signature)).toEqual({ Signature: 'AAAA' })
    expect(asked).toBe(2)
  })

  it.each<[string, Answer, string]>([
    ['a refusal that AWS has a name for', fault('AccessDeniedException'), 'AccessDeniedException'],
    ['a refusal that somebody between says in HTML', [403, '<html>'], 'UnknownError'],
    ['a refusal of another shape', [400, '{"__type":7}'], 'UnknownError'],
  ])('is asked once for %s', async (_, answer, name) => {
    await expect(call(answer)).rejects.toMatchObject({ name })
    expect(asked).toBe(1)
  })

  it.each<[string, readonly Answer[], 'never' | 'not_now' | 'unknown']>([
    ['denied', [fault('AccessDeniedException')], 'not_now'],
    ['throttled, then denied', [fault('ThrottlingException'), fault('AccessDeniedException')], 'not_now'],
    ['told that it is malformed', [fault('MalformedCSRException')], 'never'],
    ['told of trouble, then denied', [[500, ''], fault('AccessDeniedException')], 'unknown'],
    ['told of trouble, then that it is malformed', [[503, ''], fault('MalformedCSRException')], 'unknown'],
  ])(
    'that is %s may have been done all the same only where one of its tries was heard',
    async (_, given, said) => {
      const error = await call(...given).catch((reason: unknown) => reason)
      expect(outcomeOf(error)).toBe(said)
    },
  )
})

it('a connection that is refused after one was heard says nothing of that one', () => {
  const error = Object.assign(new Error('no answer'), { code: 'ECONNREFUSED', turned_away: false })
  expect(outcomeOf(error)).toBe('unknown')
})

describe('a fault without an answer', () => {
  it.each([
    ['ECONNREFUSED', 'not_now'],
    ['ENOTFOUND', 'not_now'],
    ['EAI_AGAIN', 'not_now'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not_now'],
    ['ECONNRESET', 'unknown'],
    ['ETIMEDOUT', 'unknown'],
    ['UND_ERR_SOCKET', 'unknown'],
    [undefined, 'unknown'],
  ])('%s', (code, said) => {
    expect(outcomeOf(Object.assign(new Error('no answer'), { code }))).toBe(said)
  })
})

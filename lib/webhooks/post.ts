import { lookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request as plainly } from 'node:http'
import { request as securely } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Delivery, Post, WebhookCall } from '../ports/notifications.ts'
import { isLoopback, isPublic } from './address.ts'
import { type Destination, destinationOf, type Rules } from './destination.ts'

/** All addresses of a host name; none where it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>

export const resolveBySystem: Resolve = (host) =>
  new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) =>
      resolve(error === null ? found.map(({ address }) => address) : []),
    )
  })

type Outside = Rules & { readonly resolve: Resolve; readonly deadline_ms: number }

const failed = (reason: string): Delivery => ({ delivered: false, reason })

/**
 * The one address that a connection may go to, or why there is none. A name
 * with any address that is not public is refused whole.
 */
const checkedAddress = async (
  { host, is_address }: Destination,
  { resolve, loopback }: Outside,
): Promise<{ readonly address: string } | { readonly refused: string }> => {
  const found = is_address ? [host] : await resolve(host)
  const [first] = found
  if (first === undefined) return { refused: 'the host has no address' }
  const permitted = (address: string) => isPublic(address) || (loopback && isLoopback(address))
  return found.every(permitted)
    ? { address: first }
    : { refused: 'the host is at an address that is not public' }
}

/** Whatever is asked for, it is at this address: nobody looks the name up again between the check and the connection. */
const pinnedTo =
  (address: string): LookupFunction =>
  (_, options, answer) => {
    const family = isIP(address)
    if (options.all) answer(null, [{ address, family }])
    else answer(null, address, family)
  }

const outcomeOf = ({ statusCode = 0 }: IncomingMessage): Delivery => {
  if (statusCode >= 200 && statusCode < 300) return { delivered: true }
  if (statusCode >= 300 && statusCode < 400)
    return failed(`answered ${statusCode}: redirects are not followed`)
  return failed(`answered ${statusCode}`)
}

/** Sends, and looks at the status of the answer alone: its body is never read. */
const send = (
  { url }: Destination,
  address: string,
  { headers, body }: Pick<WebhookCall, 'headers' | 'body'>,
  signal: AbortSignal,
): Promise<Delivery> =>
  new Promise((resolve) => {
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinnedTo(address),
      // A connection of its own, so that none is found open to an address that was not checked.
      agent: false,
      maxHeaderSize: 16_384,
      signal,
    } as const
    const sent = (url.protocol === 'https:' ? securely : plainly)(url, options, (answer) => {
      resolve(outcomeOf(answer))
      answer.destroy()
    })
    sent.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.name
      resolve(failed(signal.aborted ? 'no answer in time' : `no connection: ${code}`))
    })
    sent.end(body)
  })

const passed = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))

/**
 * Posts to places that operators name, and to none inside: https to public
 * addresses only, checked after the name is looked up, with the connection held
 * to the address that was checked. Redirects are not followed.
 */
export const poster =
  (outside: Outside): Post =>
  async ({ url, ...content }) => {
    const destination = destinationOf(url, outside)
    if ('refused' in destination) return failed(`refused: ${destination.refused}`)
    const signal = AbortSignal.timeout(outside.deadline_ms)
    const checked = await Promise.race([checkedAddress(destination, outside), passed(signal)])
    if (checked === null) return failed('the name was not looked up in time')
    if ('refused' in checked) return failed(`refused: ${checked.refused}`)
    return send(destination, checked.address, content, signal)
  }

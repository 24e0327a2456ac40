import { parseArgs } from 'node:util'
import { Trouble } from './trouble.ts'

export type Options = {
  /** End after the story. */
  readonly once: boolean
  readonly port: number
  readonly edge_port: number
  /** An emulator that is running already; null to start one. */
  readonly emulator: string | null
  /** With AWS Private CA by moto beside the emulator. */
  readonly private_ca: boolean
  /** JSON; null for the channels that the stage has. */
  readonly notifications: string | null
}

export const usage = `npm start -- [options]

  --once            end after the story, and leave no process behind
  --port N          port of the emulator, and so of the API    (default 4566)
  --edge-port N     port of the status site                    (default 4580)
  --emulator URL    use a LocalStack-compatible emulator that is running at URL
  --private-ca      with AWS Private CA by moto, an issuer of it and a profile
  --notifications J channels for notifications, as JSON: see docs/operator/notifications.md
  --help            this text`

/** What the command line asks for; null for `--help`. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parsed(args)
  if (values.help) return null
  if (values['private-ca'] && values.emulator !== undefined)
    throw new Trouble('--private-ca: only an emulator that is started here can be told where it is')
  return {
    once: values.once,
    port: portOf('--port', values.port),
    edge_port: portOf('--edge-port', values['edge-port']),
    emulator: values.emulator === undefined ? null : urlOf(values.emulator),
    private_ca: values['private-ca'],
    notifications: values.notifications ?? null,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string', default: '4566' },
        'edge-port': { type: 'string', default: '4580' },
        emulator: { type: 'string' },
        'private-ca': { type: 'boolean', default: false },
        notifications: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new Trouble(`${error instanceof Error ? error.message : error} (see --help)`)
  }
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Trouble(`${option} ${text}: not a port`)
  return port
}

function urlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new Trouble(`--emulator ${text}: not an http URL`)
  return text.replace(/\/+$/, '')
}

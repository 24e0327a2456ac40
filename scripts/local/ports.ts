import { createServer } from 'node:net'
import { Trouble } from './trouble.ts'

/** Throws where somebody listens on the port already. */
export async function mustBeFree(port: number, option: string): Promise<void> {
  if ((await tryListening(port)) === null)
    throw new Trouble(`port ${port} is taken; choose another with ${option}`)
}

export async function freePort(): Promise<number> {
  const port = await tryListening(0)
  if (port === null) throw new Trouble('no free port')
  return port
}

function tryListening(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const taken = typeof address === 'object' && address !== null ? address.port : null
      server.close(() => resolve(taken))
    })
  })
}

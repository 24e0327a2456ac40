import type { IncomingMessage } from 'node:http'

/** The service in the scope of a signature of version 4; whoever signs for none or for another is not let in. */
export const signedFor = ({ headers }: IncomingMessage): string =>
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/([a-z0-9-]+)\/aws4_request/.exec(
    headers.authorization ?? '',
  )?.[1] ?? 'nobody'

/** All that was sent, as text. */
export const bodyOf = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

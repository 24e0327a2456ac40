import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Envelope } from '../model/envelope.ts'

/** AES-256-GCM under a key derived from a secret, which is itself kept nowhere. */
export const envelopeUnder = (secret: string): Envelope => {
  const key = () => new Uint8Array(hkdfSync('sha256', secret, '', 'countersign sealed answer', 32))
  return {
    seal: (text) => {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key(), iv)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
    },
    open: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < 28) return null
      const decipher = createDecipheriv('aes-256-gcm', key(), bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(12, 28))
      const plain = decipher.update(bytes.subarray(28))
      try {
        return Buffer.concat([plain, decipher.final()]).toString('utf8')
      } catch {
        return null
      }
    },
  }
}

import { randomBytes } from 'node:crypto'
import { sha256 } from '../lib/model/digest.ts'

/** For the holder of a key that takes approval: the secret stays with them, and its hash is what an admin is told. */
const secret = randomBytes(32).toString('base64url')

console.log(`secret           ${secret}
secret_sha256    ${sha256(secret)}

Keep the secret. Give the hash to an admin, and read it out to whoever approves
the key. Your API key is cs_<key id>_<secret>, once it is approved.`)

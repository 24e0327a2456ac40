import { randomBytes } from 'node:crypto'
import type { Random } from '../model/ids.ts'
import type { Clock } from '../model/time.ts'

/** What functions in the cloud know of chance and of time. */
export const random: Random = (n) => randomBytes(n)
export const now: Clock = () => new Date()

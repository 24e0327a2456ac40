import * as z from 'zod'

/** How many lists an issuer's revocations are spread over. Fixed when the issuer is made. */
export const shardCount = z.int().min(1).max(128)

export const shardNumber = z.int().min(0).max(127)

/** The list that a serial number belongs to, from issuance on and for good. */
export const shardOf = (serial: string, shards: number): number =>
  shards === 1 ? 0 : Number(BigInt(`0x${serial}`) % BigInt(shards))

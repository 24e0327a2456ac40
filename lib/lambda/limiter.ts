export type Rate = { readonly requests_per_second: number; readonly burst: number }

/** Whether one more request of this credential goes through at this time (in milliseconds). */
export type Limiter = (credential_id: string, now: number) => boolean

type Bucket = { tokens: number; filled_at: number }

/** How many credentials are told apart; beyond that the longest unseen is forgotten, which only ever lets more through. */
const most = 10_000

/**
 * A token bucket a credential, in the memory of one instance of one function.
 * It stops a client that runs away in a loop; it is no quota, for every
 * further instance has buckets of its own. What bounds all together is the
 * throttle of the stage, in the gateway.
 */
export const limiterOf = ({ requests_per_second, burst }: Rate): Limiter => {
  const buckets = new Map<string, Bucket>()
  return (credential_id, now) => {
    const bucket = buckets.get(credential_id) ?? { tokens: burst, filled_at: now }
    buckets.delete(credential_id)
    buckets.set(credential_id, bucket)
    const oldest = buckets.keys().next()
    if (buckets.size > most && oldest.done !== true) buckets.delete(oldest.value)
    const gained = (Math.max(0, now - bucket.filled_at) / 1000) * requests_per_second
    bucket.tokens = Math.min(burst, bucket.tokens + gained)
    bucket.filled_at = now
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }
}

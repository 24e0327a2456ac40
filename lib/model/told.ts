import * as z from 'zod'
import type { Event } from './event.ts'

type Named = { readonly issuer_id: string; readonly serial: string }

const serials = z.array(z.strictObject({ issuer_id: z.string(), serial: z.string() }))

/** The one name of a certificate among those of all issuers. */
export const serialName = ({ issuer_id, serial }: Named): string => `${issuer_id} ${serial}`

/** The certificates that an authority outside was told to revoke, as far as the events of a job say so. */
export const toldOf = (events: readonly Event[]): ReadonlySet<string> =>
  new Set(
    events
      .filter(({ type }) => type === 'certificate_revoked_at_authority')
      .flatMap(({ details }) => serials.safeParse(details.revoked).data ?? [])
      .map(serialName),
  )

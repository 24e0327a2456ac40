import type { Certificate } from '../model/certificate.ts'
import { folded } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { RenewalSelection } from '../model/renewal-batch.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Page } from '../ports/page.ts'
import { inTurns } from './in-turns.ts'
import { whole } from './whole.ts'

type ChooseDeps = { readonly certificates: Pick<Certificates, 'get' | 'list'> }

/** How many pages of how many rows are read, of a list that looks at 1,000 certificates for each at most. */
const mostPages = 20
const pageRows = 200

export type Chosen = { readonly id: string; readonly certificate: Certificate | null }

const isChosen = (certificate: Certificate, { owner: _, ids: __, ...selection }: RenewalSelection): boolean =>
  [undefined, certificate.team].includes(selection.team) &&
  [undefined, certificate.profile_id].includes(selection.profile_id) &&
  [undefined, certificate.issuer_id].includes(selection.issuer_id) &&
  (selection.expires_before === undefined ||
    (certificate.not_after !== null && certificate.not_after < selection.expires_before))

/** Those that are named, where they are what else was asked for; one that is not there is chosen, and said to be missing. */
const named = async (
  deps: ChooseDeps,
  ids: readonly string[],
  selection: RenewalSelection,
): Promise<readonly Chosen[]> => {
  const found = await inTurns([...new Set(ids)], async (id) => ({
    id,
    certificate: await deps.certificates.get(id),
  }))
  const { owner } = selection
  return found.filter(
    ({ certificate }) =>
      certificate === null ||
      (isChosen(certificate, selection) &&
        (owner === undefined || folded(certificate.owner) === folded(owner))),
  )
}

const searched = async (deps: ChooseDeps, selection: RenewalSelection): Promise<readonly Chosen[]> => {
  const { owner, profile_id, issuer_id, expires_before } = selection
  const filter = { owner, profile_id, issuer_id, expires_before }
  const chosen: Chosen[] = []
  let after: string | null = null
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page: Page<Certificate> = whole(await deps.certificates.list(filter, { limit: pageRows, after }))
    for (const certificate of page.rows)
      if (isChosen(certificate, selection)) chosen.push({ id: certificate.id, certificate })
    if (page.next === null) return chosen
    after = page.next
  }
  throw new Refusal('invalid_body', `there are too many certificates to look through: say more of which`, [
    { pointer: '/selection', detail: 'name an owner, a profile, or the certificates' },
  ])
}

/**
 * The certificates that a selection is about, whatever state they are in.
 * Refuses (`invalid_body`) to look through more of an inventory than one
 * request has the time for.
 */
export const chooseCertificates = (
  deps: ChooseDeps,
  selection: RenewalSelection,
): Promise<readonly Chosen[]> =>
  selection.ids === undefined ? searched(deps, selection) : named(deps, selection.ids, selection)

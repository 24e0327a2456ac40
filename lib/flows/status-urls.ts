import type { IssuerFacts } from '../model/plan.ts'
import { shardOf } from '../model/shards.ts'

/** Where the status site has what concerns an issuer. The paths are those of S3 objects and edge behaviours too. */
export const statusPaths = (issuer_id: string) =>
  ({
    crl: `.well-known/pki/crl/${issuer_id}`,
    ocsp: `.well-known/pki/ocsp/${issuer_id}`,
    ca: `.well-known/pki/ca/${issuer_id}`,
  }) as const

type Sharded = Pick<IssuerFacts, 'id' | 'crl_shards'>

/** An issuer with one list has it under its own name; one with more has each under a name below. */
export const listPath = ({ id, crl_shards }: Sharded, shard: number): string =>
  crl_shards === 1 ? statusPaths(id).crl : `${statusPaths(id).crl}/${shard}`

/** What a certificate with this serial tells relying parties. */
export const statusUrls = (base: string, issuer: Sharded, serial: string) => {
  const paths = statusPaths(issuer.id)
  const crl = listPath(issuer, shardOf(serial, issuer.crl_shards))
  return { crl: `${base}/${crl}`, ocsp: `${base}/${paths.ocsp}`, ca: `${base}/${paths.ca}` } as const
}

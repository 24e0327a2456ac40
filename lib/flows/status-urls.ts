/** Where the status site has what concerns an issuer. The paths are those of S3 objects and edge behaviours too. */
export const statusPaths = (issuer_id: string) =>
  ({
    crl: `.well-known/pki/crl/${issuer_id}`,
    ocsp: `.well-known/pki/ocsp/${issuer_id}`,
    ca: `.well-known/pki/ca/${issuer_id}`,
  }) as const

export const statusUrls = (base: string, issuer_id: string) => {
  const paths = statusPaths(issuer_id)
  return { crl: `${base}/${paths.crl}`, ocsp: `${base}/${paths.ocsp}`, ca: `${base}/${paths.ca}` } as const
}

import * as z from 'zod'

/** Subject attributes by their RFC 4514 short name; one attribute per RDN, in order. */
export const attributeTypes = ['C', 'ST', 'L', 'O', 'OU', 'CN', 'serialNumber', 'DC'] as const

export type AttributeType = (typeof attributeTypes)[number]

export const nameAttribute = z.strictObject({
  type: z.enum(attributeTypes),
  value: z.string().min(1).max(256),
})

export type NameAttribute = Readonly<z.infer<typeof nameAttribute>>

/** A distinguished name as a list of single-valued RDNs, most significant first (RFC 5280 §4.1.2.4). */
export const distinguishedName = z.array(nameAttribute).max(32)

export type DistinguishedName = Readonly<z.infer<typeof distinguishedName>>

export const generalNameTypes = ['dns', 'ip', 'uri', 'email'] as const

/**
 * A subject alternative name (RFC 5280 §4.2.1.6) in canonical text: DNS names in
 * lower case A-label form, IP addresses as RFC 5952 or dotted quad.
 */
export const generalName = z.strictObject({
  type: z.enum(generalNameTypes),
  value: z.string().min(1).max(2048),
})

export type GeneralName = Readonly<z.infer<typeof generalName>>

/** A subtree of names (RFC 5280 §4.2.1.10): a domain, a host, or an address range as CIDR. */
export const nameSubtree = z.strictObject({
  type: z.enum(generalNameTypes),
  value: z.string().min(1).max(253),
})

export type NameSubtree = Readonly<z.infer<typeof nameSubtree>>

/**
 * What may be certified below a CA. A type with permitted subtrees allows
 * nothing outside them; excluded subtrees win over permitted ones.
 */
export const nameConstraints = z.strictObject({
  permitted: z.array(nameSubtree).max(64),
  excluded: z.array(nameSubtree).max(64),
})

export type NameConstraints = Readonly<z.infer<typeof nameConstraints>>

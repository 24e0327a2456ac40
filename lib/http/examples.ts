export type Example = { readonly request?: unknown; readonly response?: unknown }

const digest = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const certificate = {
  id: 'mc-shop',
  name: 'shop.example.com',
  profile_id: 'p-prod-web',
  issuer_id: 'iss-web',
  owner: 'web-team@example.com',
  status: 'Requested',
}

export const examples: Readonly<Record<string, Example>> = {}

import { environment } from './environment.ts'

/** Where AWS is and who we are there, as Lambda tells of itself in its environment. */
export const awsAccess = () => ({
  region: environment('AWS_REGION'),
  endpoint: process.env.AWS_ENDPOINT_URL,
  credentials: {
    accessKeyId: environment('AWS_ACCESS_KEY_ID'),
    secretAccessKey: environment('AWS_SECRET_ACCESS_KEY'),
    sessionToken: process.env.AWS_SESSION_TOKEN ?? '',
  },
})

/** The status bucket. */
export const bucket = () => ({ name: environment('BUCKET_NAME'), ...awsAccess() })

/** The services that lists are given to; the SDK's own names for other addresses of one service alone. */
export const listConsumerAccess = () => ({
  credentials: awsAccess().credentials,
  bucket: environment('BUCKET_NAME'),
  prefix: `countersign-${environment('STAGE')}`,
  endpoints: {
    roles_anywhere: process.env.AWS_ENDPOINT_URL_ROLESANYWHERE ?? process.env.AWS_ENDPOINT_URL,
    load_balancing: process.env.AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2 ?? process.env.AWS_ENDPOINT_URL,
  },
})

/** AWS Private CA; the SDK's own name for another address of one service alone. */
export const privateCa = () => ({
  ...awsAccess(),
  endpoint: process.env.AWS_ENDPOINT_URL_ACM_PCA ?? process.env.AWS_ENDPOINT_URL,
  arns: environment('PCA_AUTHORITIES'),
})

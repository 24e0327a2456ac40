import { environment } from './environment.ts'

/** The status bucket, as Lambda tells of itself in its environment. */
export const bucket = () => ({
  name: environment('BUCKET_NAME'),
  region: environment('AWS_REGION'),
  endpoint: process.env.AWS_ENDPOINT_URL,
  credentials: {
    accessKeyId: environment('AWS_ACCESS_KEY_ID'),
    secretAccessKey: environment('AWS_SECRET_ACCESS_KEY'),
    sessionToken: process.env.AWS_SESSION_TOKEN ?? '',
  },
})

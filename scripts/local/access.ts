import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import type { AwsAccess } from '../../lib/aws/aws-call.ts'
import { credentials, region } from './environment.ts'

/** The emulator, as whoever may do everything there. */
export const accessTo = (emulator_url: string): AwsAccess => ({ region, endpoint: emulator_url, credentials })

/** AWS as whoever runs the command: wherever the SDK finds credentials and a region. */
export async function ownAccess(): Promise<AwsAccess> {
  const { config } = new CloudFormationClient({})
  return {
    region: await config.region(),
    endpoint: process.env.AWS_ENDPOINT_URL,
    credentials: await config.credentials(),
  }
}

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { SFNClient } from '@aws-sdk/client-sfn'
import { SQSClient } from '@aws-sdk/client-sqs'
import { credentials, region as usual } from './environment.ts'

/** SDK clients for the emulator, for set-up and tests alone. */
export function clientsFor(emulator_url: string, region: string = usual) {
  const settings = { endpoint: emulator_url, region, credentials }
  return {
    dynamodb: new DynamoDBClient(settings),
    kms: new KMSClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    sfn: new SFNClient(settings),
    sqs: new SQSClient(settings),
  }
}

export type Clients = ReturnType<typeof clientsFor>

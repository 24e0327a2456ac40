import { delimiter, join } from 'node:path'
import { repository } from './folders.ts'

/** The emulator takes any credentials; these are what its documentation uses. */
export const region = 'us-east-1'
export const account = '000000000000'
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const

/** This environment without a trace of a real AWS account; `node` in it is the repository's own. */
export function withoutAws(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name))
  return {
    ...Object.fromEntries(kept),
    PATH: [join(repository, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    NO_PROXY: 'localhost,127.0.0.1',
  }
}

/** This environment, with the emulator for AWS. */
export function withEmulator(url: string): NodeJS.ProcessEnv {
  return {
    ...withoutAws(),
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
}

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AwsClient } from 'aws4fetch'
import { credentials, region, withoutAws } from './environment.ts'
import { freePort } from './ports.ts'
import type { Progress } from './progress.ts'
import { pythonEnvironment } from './python.ts'
import { Trouble } from './trouble.ts'

/** AWS Private CA on this machine, by moto: what `AWS_ENDPOINT_URL_ACM_PCA` is set to, and one root CA in it. */
export type PrivateCa = { readonly url: string; readonly arn: string; readonly stop: () => void }

/** Starts moto and makes a root CA in it, by the calls with which one is made on AWS. Needed by few: not part of every start. */
export async function startPrivateCa(progress: Progress): Promise<PrivateCa> {
  const wanted = { venv: 'venv-acm-pca', requirements: 'requirements-acm-pca.txt', name: 'Private CA' }
  const bin = await pythonEnvironment(wanted, progress)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(join(bin, 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { ...withoutAws(), MOTO_ACCOUNT_ID: '000000000000' },
  })
  const stop = () => void child.kill('SIGKILL')
  process.once('exit', stop)
  try {
    await untilThere(url)
    return { url, arn: await makeRoot(url), stop }
  } catch (error) {
    stop()
    throw error
  }
}

async function untilThere(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return
    await pause(100)
  }
  throw new Trouble(`moto did not answer at ${url} within 30 s`)
}

/** A root CA as AWS documents it: create, fetch its CSR, have it sign itself, import. */
async function makeRoot(url: string): Promise<string> {
  const call = callerFor(url)
  const { CertificateAuthorityArn: arn } = await call('CreateCertificateAuthority', {
    CertificateAuthorityType: 'ROOT',
    CertificateAuthorityConfiguration: {
      KeyAlgorithm: 'RSA_2048',
      SigningAlgorithm: 'SHA512WITHRSA',
      Subject: { Organization: 'Countersign Local', CommonName: 'Private Root' },
    },
  })
  const { Csr } = await call('GetCertificateAuthorityCsr', { CertificateAuthorityArn: arn })
  const { CertificateArn } = await call('IssueCertificate', {
    CertificateAuthorityArn: arn,
    Csr: Buffer.from(String(Csr)).toString('base64'),
    SigningAlgorithm: 'SHA512WITHRSA',
    TemplateArn: 'arn:aws:acm-pca:::template/RootCACertificate/V1',
    Validity: { Type: 'YEARS', Value: 10 },
  })
  const { Certificate } = await call('GetCertificate', { CertificateAuthorityArn: arn, CertificateArn })
  await call('ImportCertificateAuthorityCertificate', {
    CertificateAuthorityArn: arn,
    Certificate: Buffer.from(String(Certificate)).toString('base64'),
  })
  return String(arn)
}

function callerFor(url: string) {
  const client = new AwsClient({ ...credentials, service: 'acm-pca', region, retries: 0 })
  return async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const response = await client.fetch(`${url}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `ACMPrivateCA.${operation}` },
      body: JSON.stringify(input),
    })
    const text = await response.text()
    if (!response.ok) throw new Trouble(`moto answered ${operation} with ${response.status}: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
}

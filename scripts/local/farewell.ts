import type { StackFile } from './stack-file.ts'

/** What to do with a stack that is up. */
export function farewell(description: StackFile, stackFile: string): string {
  const { api_url, status_url, emulator_url, principals } = description
  const keys = Object.entries(principals).map(
    ([name, { api_key, roles }]) => `  ${name.padEnd(6)} ${roles.join(', ').padEnd(9)} ${api_key}`,
  )
  return `
API      ${api_url}
Status   ${status_url}
AWS      ${emulator_url}
Written  ${stackFile}

Keys
${keys.join('\n')}

Try
  curl -s "${api_url}/api/v1/approvals?state=pending" -H "Authorization: Bearer ${principals.bob.api_key}" | jq
  curl -s "${api_url}/api/v1/audit" -H "Authorization: Bearer ${principals.dave.api_key}" | jq
  curl -s "${status_url}/.well-known/pki/crl/iss-web" | openssl crl -inform DER -noout -text

Ctrl-C stops everything.`
}

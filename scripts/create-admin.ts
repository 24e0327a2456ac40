import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import * as z from 'zod'
import { stageNames } from '../infra/config.ts'
import { principals } from '../lib/aws/principals.ts'
import { tableClient } from '../lib/aws/table-client.ts'
import { createFirstAdmin, createFirstApprover, type Founded } from '../lib/flows/create-first-admin.ts'
import { principal } from '../lib/model/principal.ts'
import { Refusal } from '../lib/model/refusal.ts'
import { ownAccess } from './local/access.ts'
import { Trouble } from './local/trouble.ts'

const usage = `npm run create-admin -- --name NAME --email ADDRESS --approver 'NAME <ADDRESS>' … [options]

Makes the first admin of a deployment and its first approvers, and shows their
API keys once. It acts with your AWS credentials (AWS_ENDPOINT_URL for an
emulator). Everybody after them is made through the API, where each approver
and admin takes a second person; so a deployment needs an approver from here,
and had better have two. It refuses to make an admin once there is one.

  --approver 'NAME <ADDRESS>'    once for each; without --name, approvers alone:
                  for a deployment that has lost all of its own
  --stage NAME    the stage that is deployed: ${stageNames.join(', ')}    (default dev)
  --help          this text`

const approver = z
  .string()
  .regex(/^[^<>]+ <[^<>]+>$/, "must be 'NAME <ADDRESS>'")
  .transform((text) => /^(.+) <(.+)>$/.exec(text) ?? [])
  .transform(([, name, email]) => ({ name, email }))
  .pipe(z.object({ name: principal.shape.name, email: z.email().max(254) }))

const given = z
  .object({
    name: principal.shape.name.optional(),
    email: z.email().max(254).optional(),
    approver: z.array(approver).default([]),
    stage: z.enum(stageNames),
  })
  .refine(
    ({ name, email }) => (name === undefined) === (email === undefined),
    '--name and --email go together',
  )
  .refine((it) => it.name !== undefined || it.approver.length > 0, 'says nobody')

function readArguments(args: readonly string[]): z.infer<typeof given> | null {
  const options = {
    name: { type: 'string' },
    email: { type: 'string' },
    approver: { type: 'string', multiple: true },
    stage: { type: 'string', default: 'dev' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options })
    if (values.help) return null
    const read = given.safeParse(values)
    if (read.success) return read.data
    throw new Trouble(z.prettifyError(read.error))
  } catch (error) {
    if (error instanceof Trouble) throw error
    throw new Trouble(`${error instanceof Error ? error.message : error} (see --help)`)
  }
}

/** The table that the stage's data stack names. */
async function tableOf(stage: string): Promise<string> {
  const StackName = `countersign-${stage}-data`
  const { Stacks = [] } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName }))
  const table = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'TableName')?.OutputValue
  if (table === undefined) throw new Trouble(`stack ${StackName} names no table; is it deployed?`)
  return table
}

const show = ({ principal: { id, name, roles }, token }: Founded): void =>
  console.log(`principal  ${id} (${name})\nroles      ${roles.join(', ')}\nAPI key    ${token}\n`)

async function main(): Promise<number> {
  const wanted = readArguments(process.argv.slice(2))
  if (wanted === null) {
    console.log(usage)
    return 0
  }
  const { name, email, approver: approvers, stage } = wanted
  const deps = {
    principals: principals(tableClient(await tableOf(stage), await ownAccess())),
    now: () => new Date(),
    random: (octets: number) => new Uint8Array(randomBytes(octets)),
  }
  const actor = { id: 'system-setup', type: 'System' } as const
  if (name !== undefined && email !== undefined) show(await createFirstAdmin(deps, actor, { name, email }))
  for (const person of approvers) show(await createFirstApprover(deps, actor, person))
  console.log('A key is shown here and nowhere else. Keep it where you keep secrets, and rotate it soon.')
  if (approvers.length === 0)
    console.log(
      'Nobody can approve yet: make an approver with --approver, or nothing gated will ever happen.',
    )
  return 0
}

try {
  process.exit(await main())
} catch (error) {
  const known = error instanceof Trouble || error instanceof Refusal
  const said = error instanceof Error && !known ? `${error.name}: ` : ''
  console.error(`✗ ${said}${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

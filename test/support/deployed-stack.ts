import {
  CloudFormationClient,
  GetTemplateCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation'
import { credentials, region } from '../../scripts/local/environment.ts'
import type { Deployed, Template } from './resolved-template.ts'

const stacks = ['countersign-local-data', 'countersign-local']

/** The templates that the CDK synthesized, as they were deployed, and what their resources are called there. */
export async function deployedStack(endpoint: string): Promise<Deployed> {
  const client = new CloudFormationClient({ endpoint, region, credentials })
  const names = new Map<string, string>()
  const templates: Template[] = []
  for (const StackName of stacks) {
    const { TemplateBody = '{}' } = await client.send(new GetTemplateCommand({ StackName }))
    templates.push(JSON.parse(TemplateBody))
    for await (const page of paginateListStackResources({ client }, { StackName }))
      for (const { LogicalResourceId = '', PhysicalResourceId = '' } of page.StackResourceSummaries ?? [])
        names.set(LogicalResourceId, PhysicalResourceId)
  }
  return { templates, physical: (id) => names.get(id) ?? id }
}

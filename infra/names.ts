import { Aws } from 'aws-cdk-lib'
import type { FunctionId } from './access.ts'
import type { Stage } from './config.ts'
import type { RoleId } from './roles.ts'

/** Names that people, key policies and scripts rely on. */
export function functionName(stage: Stage, id: FunctionId): string {
  return `countersign-${stage.name}-${id}`
}

/** Roles are global to an account, so their names carry the region. */
export function roleName(stage: Stage, id: RoleId): string {
  return `countersign-${stage.name}-${Aws.REGION}-${id}`
}

export function roleArn(stage: Stage, id: RoleId, account: string = Aws.ACCOUNT_ID): string {
  return `arn:${Aws.PARTITION}:iam::${account}:role/${roleName(stage, id)}`
}

/** Which deployment this is: receipts name it, so that one of `dev` is worth nothing in `prod`. */
export function environmentName(stage: Stage): string {
  return `${Aws.ACCOUNT_ID}/${Aws.REGION}/${stage.name}`
}

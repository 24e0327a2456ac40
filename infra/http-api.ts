import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { CfnApi, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2'
import { CfnPermission } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type { ApiFunction } from '../lib/http/operation.ts'
import { routes } from '../lib/http/routes.ts'
import type { Stage } from './config.ts'
import type { PrivilegedFunction } from './privileged-function.ts'

type HttpApiProps = {
  readonly stage: Stage
  readonly functions: Readonly<Record<ApiFunction, PrivilegedFunction>>
}

/** The routes of lib/http/routes.ts, each to the function that has the right it needs. */
export class HttpApi extends Construct {
  readonly id: string
  readonly url: string

  constructor(scope: Construct, id: string, { stage, functions }: HttpApiProps) {
    super(scope, id)
    const api = new CfnApi(this, 'Api', {
      name: `countersign-${stage.name}`,
      protocolType: 'HTTP',
      description: 'Countersign',
      ...crossOrigin(stage),
    })
    this.id = api.ref
    this.url = api.attrApiEndpoint
    const targets = {
      read: this.integrate('read', functions.read),
      submit: this.integrate('submit', functions.submit),
      rules: this.integrate('rules', functions.rules),
      decide: this.integrate('decide', functions.decide),
      administer: this.integrate('administer', functions.administer),
    }
    for (const route of routes)
      this.route(route.operation_id, `${route.method} ${route.path}`, targets[route.function])
    // Answers what no route matches with a problem document.
    this.route('default', '$default', targets.read)
    this.serve(stage)
  }

  private integrate(name: string, target: PrivilegedFunction): string {
    const integration = new CfnIntegration(this, `Integration-${name}`, {
      apiId: this.id,
      integrationType: 'AWS_PROXY',
      integrationUri: target.functionArn,
      payloadFormatVersion: '2.0',
    })
    const { partition, region, account } = Stack.of(this)
    new CfnPermission(this, `Permission-${name}`, {
      action: 'lambda:InvokeFunction',
      functionName: target.functionName,
      principal: 'apigateway.amazonaws.com',
      sourceArn: `arn:${partition}:execute-api:${region}:${account}:${this.id}/*`,
    })
    return integration.ref
  }

  private route(id: string, routeKey: string, integrationId: string): void {
    new CfnRoute(this, `Route-${id}`, { apiId: this.id, routeKey, target: `integrations/${integrationId}` })
  }

  private serve(stage: Stage): void {
    const logGroup = new LogGroup(this, 'AccessLogs', {
      logGroupName: `/countersign/${stage.name}/api-access`,
      retention: stage.log_retention_days,
      removalPolicy: stage.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    new CfnStage(this, 'Stage', {
      apiId: this.id,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: logGroup.logGroupArn, format: JSON.stringify(accessLogFormat) },
      defaultRouteSettings: {
        throttlingRateLimit: stage.throttle.requests_per_second,
        throttlingBurstLimit: stage.throttle.burst,
      },
    })
  }
}

/** Closed to scripts of other origins, but for those that the stage names. */
function crossOrigin({ cors_origins }: Stage) {
  if (cors_origins.length === 0) return {}
  return {
    corsConfiguration: {
      allowOrigins: [...cors_origins],
      allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
      allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'],
      exposeHeaders: ['countersign-unreadable', 'etag', 'link', 'retry-after'],
      maxAge: 600,
    },
  }
}

/** Who called what, and how it ended; no header, no body. */
const accessLogFormat = {
  time: '$context.requestTime',
  request_id: '$context.requestId',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  latency_ms: '$context.responseLatency',
  error: '$context.integrationErrorMessage',
}

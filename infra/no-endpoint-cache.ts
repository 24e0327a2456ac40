/**
 * Stands in for the SDK's cache of discovered endpoints inside bundles (see
 * bundle.ts): DynamoDB's client makes one, and discovers none unless it is told to.
 */
export class EndpointCache {
  get(): undefined {
    return undefined
  }
}

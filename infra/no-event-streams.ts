/**
 * Stands in for the SDK's event streams inside bundles (see bundle.ts): it
 * loads them only for operations that stream, and we call none.
 */
export function eventStreamSerdeProvider(): never {
  throw new Error('this bundle has no event streams')
}

export const EventStreamSerde = function EventStreamSerde(): never {
  return eventStreamSerdeProvider()
}

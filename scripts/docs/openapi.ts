import { openApi } from '../../lib/http/openapi.ts'

/** The document that is served, as it lies in docs/openapi.json. */
export const openApiText = (): string => `${JSON.stringify(openApi(), null, 2)}\n`

import type { StatusSite } from '../ports/status-site.ts'
import type { Objects } from './objects.ts'

export const statusSite = (objects: Objects): StatusSite => ({
  publish: ({ path, body, content_type, max_age_seconds, order }) =>
    objects.put(path, body, {
      order,
      headers: { 'content-type': content_type, 'cache-control': `public, max-age=${max_age_seconds}` },
    }),
})

import { certificates } from '../../lib/aws/certificates.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { notifications } from '../../lib/aws/notifications.ts'
import { postponeOn } from '../../lib/aws/postpone.ts'
import { principals } from '../../lib/aws/principals.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { topic } from '../../lib/aws/topic.ts'
import { webhookSecrets } from '../../lib/aws/webhook-secrets.ts'
import { notify } from '../../lib/flows/notify.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { notificationSettingsOf } from '../../lib/lambda/notification-settings.ts'
import { notifyFunction } from '../../lib/lambda/notify-queue.ts'
import { now } from '../../lib/lambda/world.ts'
import { poster, resolveBySystem } from '../../lib/webhooks/post.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())
const settings = notificationSettingsOf()

const deps = {
  jobs: jobs(table),
  certificates: certificates(table),
  principals: principals(table),
  notifications: notifications(table),
  settings,
  url: settings.url,
  topic: topic(settings.topic_arn, awsAccess()),
  secrets: webhookSecrets(awsAccess(), now),
  post: poster({ resolve: resolveBySystem, loopback: settings.loopback, deadline_ms: 10_000 }),
  now,
}

export const handler = notifyFunction({
  notify: (place, attempt) => notify(deps, place, attempt),
  postpone: postponeOn(environment('QUEUE_URLS').notify, awsAccess()),
  retry_after_seconds: settings.retry_after_seconds,
})

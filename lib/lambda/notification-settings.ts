import { type NotificationSettings, notificationSettings } from '../model/notification-settings.ts'
import { jsonOf, variable } from './environment.ts'

/** Apart from the other variables: their schemas are in every function, and this one is large. */
export const notificationSettingsOf = (): NotificationSettings =>
  variable('NOTIFICATIONS', jsonOf(notificationSettings))

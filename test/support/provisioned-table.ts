/** A table that is paid for by the hour, as a stage would have it. */
export const provisionedTable = {
  capacity: 'provisioned',
  read: { minimum: 2, maximum: 200 },
  write: { minimum: 5, maximum: 500 },
  target_utilization: 70,
} as const

/** The queues that jobs are carried out from: one for each privilege. */
export const queueNames = ['kms', 'acm-pca', 'apply'] as const

export type QueueName = (typeof queueNames)[number]

/** How often a message is delivered before it is put aside for a person to see. */
export const deliveries = 5

/** The queues that jobs are carried out from: one for each privilege. */
export const queueNames = ['kms', 'acm-pca', 'apply'] as const

export type QueueName = (typeof queueNames)[number]

import type * as z from 'zod'

/** A function that a workflow or a schedule calls: its input is read by a schema; what it throws, the caller retries. */
export const taskFunction =
  <T extends z.ZodType, R>(input: T, work: (read: z.output<T>) => Promise<R>) =>
  (event: unknown): Promise<R> =>
    work(input.parse(event))

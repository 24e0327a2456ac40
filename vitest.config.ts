import { defineConfig } from 'vitest/config'

const folders = (name: string) => [`test/${name}/**/*.test.ts`]

/** Projects that run against one deployed stack, brought up once for all of them. */
const onStack = { globalSetup: ['test/support/stack-set-up.ts'], testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    projects: [
      // Nothing in a unit keeps state between files, so they share their imports.
      { test: { name: 'unit', include: folders('unit'), isolate: false, testTimeout: 30_000 } },
      { test: { name: 'judged', include: folders('judged'), testTimeout: 60_000 } },
      { test: { name: 'infra', include: folders('infra'), testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'contract', include: folders('contract'), ...onStack } },
      { test: { name: 'integration', include: folders('integration'), ...onStack } },
      { test: { name: 'e2e', include: folders('e2e'), ...onStack } },
      // Alone, after the others: they take away what everybody needs.
      {
        test: {
          name: 'faults',
          include: folders('faults'),
          ...onStack,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      // After those: the emulator under everything ends and starts again.
      {
        test: {
          name: 'restart',
          include: folders('restart'),
          ...onStack,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      // Last of these: it judges what the functions did in all the others.
      {
        test: {
          name: 'permissions',
          include: folders('permissions'),
          ...onStack,
          sequence: { groupOrder: 3 },
        },
      },
      // By itself, on a stack of its own: it deploys again and again, and ends with nothing.
      {
        test: {
          name: 'recovery',
          include: folders('recovery'),
          ...onStack,
          // Each deploys, or runs a page of commands.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})

import { installDependencies, runOnNode24 } from './set-up.mjs'

await installDependencies()
await runOnNode24('scripts/test.ts', process.argv.slice(2))

import { installDependencies, runOnNode24 } from './set-up.mjs'

await installDependencies()
await runOnNode24('scripts/start.ts', process.argv.slice(2))

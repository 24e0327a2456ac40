export type Progress = {
  readonly heading: (text: string) => void
  /** Runs a step; prints ✓ or ✗, its name and how long it took. */
  readonly step: <T>(name: string, run: () => Promise<T>) => Promise<T>
  readonly line: (text: string) => void
}

/** Steps as lines; on a terminal the running one is shown too. */
export function progressTo(out: NodeJS.WriteStream): Progress {
  const live = out.isTTY
  return {
    heading: (text) => out.write(`\n${text}\n`),
    line: (text) => out.write(`${text}\n`),
    step: async (name, run) => {
      const started = performance.now()
      if (live) out.write(`  … ${name}`)
      const end = (mark: string) => {
        const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
        out.write(`${live ? '\r\u001b[K' : ''}  ${mark} ${name.padEnd(64)} ${took.padStart(7)}\n`)
      }
      try {
        const result = await run()
        end('✓')
        return result
      } catch (error) {
        end('✗')
        throw error
      }
    },
  }
}

// Loaded into the server before its program (`node --import`): at SIGWINCH, for which the server has no other use, the delays of
// its event loop since the last time go into the file that BENCH_LOOP_FILE names.
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const file = process.env.BENCH_LOOP_FILE
if (isMainThread && file) {
  const resolutionMs = 1
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  process.on('SIGWINCH', () => {
    // What is recorded is the time from one tick of the timer to the next.
    const ms = percent => Math.max(0, delays.percentile(percent) / 1e6 - resolutionMs)
    writeFileSync(`${file}.new`, JSON.stringify({ p50: ms(50), p99: ms(99), max: ms(100) }))
    renameSync(`${file}.new`, file)
    delays.reset()
  })
}

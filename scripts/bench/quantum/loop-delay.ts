/** The event loop's delay of a server since the metric was last read, the 99th percentile in ms; 10 ms are its own timer. */
export const loopDelayP99Ms = async (metricsUrl: string): Promise<number> => {
  const text = await (await fetch(metricsUrl)).text()
  const seconds = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]
  if (seconds === undefined) throw new Error('the server shows no nodejs_eventloop_lag_p99_seconds')
  return Number(seconds) * 1_000
}

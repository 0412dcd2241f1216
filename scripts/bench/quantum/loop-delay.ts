/** The event loop's delay of a server as its own metric says it, the 99th percentile in ms. */
export const loopDelayP99Ms = async (metricsUrl: string): Promise<number> => {
  const text = await (await fetch(metricsUrl)).text()
  const seconds = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]
  if (seconds === undefined) throw new Error('the server shows no nodejs_eventloop_lag_p99_seconds')
  return Number(seconds) * 1_000
}

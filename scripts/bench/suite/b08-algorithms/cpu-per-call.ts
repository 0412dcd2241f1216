const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** Calls for each second of CPU time of this process, measured for `budgetMs` of it or one call. `run` answers at once. */
export const callsPerCpuSecond = (run: () => unknown, budgetMs: number): number => {
  const begun = cpuMs()
  let [calls, spent, burst] = [0, 0, 1]
  while (spent < budgetMs) {
    for (let count = 0; count < burst; count += 1) run()
    calls += burst
    spent = cpuMs() - begun
    // The clock is looked at about ten times, since a look costs as much as a fast operation.
    burst = Math.max(1, Math.ceil(((budgetMs / 10) * calls) / Math.max(spent, 0.01)))
    burst = Math.min(burst, calls * 4)
  }
  return (calls * 1_000) / spent
}

/** The probability that who comes to `servers` servers, each busy for the share `utilisation`, must wait (Erlang C). */
export const waitProbability = (servers: number, utilisation: number): number => {
  if (utilisation >= 1) return 1
  const offered = servers * utilisation
  let blocked = 1 // Erlang B, by its recursion.
  for (let server = 1; server <= servers; server += 1) blocked = (offered * blocked) / (server + offered * blocked)
  return blocked / (1 - utilisation * (1 - blocked))
}

const tail = 0.01

/** The wait that one in a hundred exceeds in M/M/c, in the unit of `serviceTime`, without the service itself. */
export const wait99 = (servers: number, utilisation: number, serviceTime: number): number => {
  if (utilisation >= 1) return Number.POSITIVE_INFINITY
  const waits = waitProbability(servers, utilisation)
  return waits <= tail ? 0 : (serviceTime / (servers * (1 - utilisation))) * Math.log(waits / tail)
}

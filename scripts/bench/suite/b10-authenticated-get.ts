import type { ChildProcess } from 'node:child_process'
import { cpuOfTree, stopProgram } from '../processes.js'
import { bodies } from './b10-authenticated-get/answers.js'
import { startRealAccount } from './b10-authenticated-get/real-account.js'
import { probe, requestsWithin } from './b10-authenticated-get/request-load.js'
import { others, startBareKoa, startOther, startOwn } from './b10-authenticated-get/servers.js'
import type { Bench, Contender, Prepared } from './bench.js'

const seconds = 3
const [plain, withQuery, stored] = ['path value', 'query values', '/api/me, PostgreSQL beside it'] as const
const paths = { [plain]: '/api/devices/305419896/prekeys', [withQuery]: '/api/users/available?query=al&limit=20' }
const expected = { [plain]: JSON.stringify(bodies.getPrekeys), [withQuery]: JSON.stringify(bodies.listAvailableUsers) }

interface Server {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
}

/** CPU of the server in microseconds for each request. */
const cpuPerRequest = async (server: Server, path: string, isRight: (body: string) => boolean): Promise<number> => {
  const pid = server.child.pid ?? 0
  // All servers get the same headers; a client of a system that traces sends the second one.
  const headers = {
    authorization: `Bearer ${server.token || 'none'}`,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  }
  const target = { url: server.url + path, headers }
  await probe(target, isRight)
  const begun = cpuOfTree(pid)
  const count = await requestsWithin(target, seconds)
  const usedMs = cpuOfTree(pid) - begun
  await probe(target, isRight)
  return (usedMs * 1_000) / count
}

const ownContender = (server: Server, real: Server): Contender => ({
  name: 'qsm',
  async measure() {
    return {
      [plain]: await cpuPerRequest(server, paths[plain], body => body === expected[plain]),
      [withQuery]: await cpuPerRequest(server, paths[withQuery], body => body === expected[withQuery]),
      [stored]: await cpuPerRequest(real, '/api/me', body => JSON.parse(body).username === 'bench'),
    }
  },
})

const prepare: Bench['prepare'] = async ({ folder, say }): Promise<Prepared> => {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    await Promise.all(stops.splice(0).map(end => end()))
  }
  const kept = <S extends Server>(server: S): S => {
    stops.push(() => stopProgram(server.child))
    return server
  }
  const contenderOf = (name: string, server: Server): Contender => ({
    name,
    measure: async () => ({
      [plain]: await cpuPerRequest(server, paths[plain], body => body === expected[plain]),
    }),
  })
  try {
    say('  PostgreSQL and the servers start')
    const real = await startRealAccount(folder)
    stops.push(real.stop)
    const contenders = [ownContender(kept(await startOwn()), real), contenderOf('bare Koa', kept(await startBareKoa()))]
    const notRun: { name: string; why: string }[] = []
    for (const other of others) {
      const server = await startOther(other)
      if (server) contenders.push(contenderOf(other.name, kept(server)))
      else {
        const why = `no folder has its packages: npm install --prefix FOLDER ${other.packages.join(' ')}, then BENCH_HTTP=FOLDER`
        notRun.push({ name: other.name, why })
      }
    }
    return { contenders, notRun, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the way of a request costs that is signed in, routed, checked, measured, logged and given an id. */
export const bench: Bench = {
  id: 'B10',
  title: 'An authenticated GET',
  about:
    'GET over 48 kept connections, by wrk where it is there. QSM checks an access token, finds the route among all of the main port, validates its values, observes a histogram, writes a log line and gives an id; its handler answers from memory. The others answer the same JSON and do nothing else. Counted is the CPU time of the server. The last row is the whole standalone server, whose /api/me asks PostgreSQL twice (not counted).',
  metrics: [
    {
      name: plain,
      unit: 'µs',
      better: 'lower',
      gates: { 'bare Koa': 0.58, 'Koa with OpenTelemetry': 2.2, express: 2.8 },
      limit: 60,
    },
    { name: withQuery, unit: 'µs', better: 'lower' },
    { name: stored, unit: 'µs', better: 'lower' },
  ],
  prepare,
}

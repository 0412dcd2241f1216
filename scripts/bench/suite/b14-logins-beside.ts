import type { LoadSample } from '../peers/load-generator.js'
import { prepareBeside } from '../peers/prepare-beside.js'
import type { Bench } from './bench.js'

const load = 'http -request login -n 8 -time 8'
const [rate, cpu, p99] = ['logins', 'server CPU', 'p99'] as const

const valuesOf = ({ requests_per_s, server_us_per_op, latency_ms }: LoadSample) => ({
  [rate]: requests_per_s ?? Number.NaN,
  [cpu]: server_us_per_op / 1_000,
  [p99]: latency_ms?.p99 ?? Number.NaN,
})

/** Logins beside whole systems. */
export const bench: Bench = {
  id: 'B14P',
  title: 'Logins beside other systems',
  about:
    'Logins with a password over 8 connections; CPU of all server processes with PostgreSQL. All servers share one core, those that are not measured stand still, but for QSM, and the same generator drives all. QSM, socket.io and FastAPI hash by Argon2id with 19 MiB, two passes and one lane, Synapse by bcrypt with 12 rounds.',
  metrics: [
    { name: rate, unit: '/s', better: 'higher' },
    { name: cpu, unit: 'ms', better: 'lower' },
    { name: p99, unit: 'ms', better: 'lower' },
  ],
  prepare: setting =>
    prepareBeside(setting, {
      peers: { 'socket.io': 'socketio', fastapi: 'fastapi', synapse: 'synapse' },
      async own(qsm, generator) {
        return async () => valuesOf(await generator.measure(load, qsm))
      },
      other: async (peer, generator) => valuesOf(await generator.measure(load, peer)),
    }),
}

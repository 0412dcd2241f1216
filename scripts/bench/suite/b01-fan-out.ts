import { startBun, startTransport, startWs } from '../peers/crowd/programs.js'
import { fanOutMetrics, prepareFanOut } from '../peers/prepare-fan-out.js'
import type { Bench, Prepared } from './bench.js'

/** Said of each fan-out. */
export const whatOfQsm =
  "QSM sends nothing to a crowd, for a message is sealed for each device: what is measured is a pod's socket and bus code without the services on top (scripts/bench/peers/crowd/transport-pod.ts), without a sign-in, while NATS, Centrifuge, socket.io and FastAPI check a token when a socket opens. All servers share one core, the generator, which is not Node, has another; every delivery is checked for order and loss."

/** Systems of the research that no package registry brings into this run. */
export const notBrought: Prepared['notRun'] = [
  { name: 'µWebSockets', why: 'its builds are not on the npm registry' },
  { name: 'nchan', why: 'a module of nginx, for which the peers have no script' },
]

/** One message to many sockets of one replica. */
export const bench: Bench = {
  id: 'B1',
  title: 'Fan-out of one replica',
  about: `200 subscribers get what one publisher sends, 256 bytes, 8 messages in flight, nothing stored; CPU of all server processes for each delivery, deliveries a second, p99. ${whatOfQsm}`,
  metrics: fanOutMetrics('', {
    cpu: {
      µWebSockets: 0.9,
      Bun: 0.95,
      nats: 1.9,
      nchan: 6,
      'ws, one send each': 9,
      'socket.io': 11,
    },
  }),
  prepare: setting =>
    prepareFanOut(setting, {
      loads: [{ args: '-n 200 -window 8 -size 256', suffix: '' }],
      programs: {
        qsm: () => startTransport(256),
        'ws, framed once': () => startWs('once'),
        'ws, one send each': () => startWs('each'),
        Bun: startBun,
      },
      peers: { nats: 'nats', centrifuge: 'centrifuge', 'socket.io': 'socketio', fastapi: 'fastapi' },
      absent: notBrought,
    }),
}

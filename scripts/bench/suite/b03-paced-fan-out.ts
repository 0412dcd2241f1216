import { startBun, startTransport, startWs } from '../peers/crowd/programs.js'
import { fanOutMetrics, prepareFanOut } from '../peers/prepare-fan-out.js'
import { notBrought, whatOfQsm } from './b01-fan-out.js'
import type { Bench } from './bench.js'

/** At a fixed rate nothing can be packed. */
export const bench: Bench = {
  id: 'B3',
  title: 'Paced fan-out',
  about: `200 subscribers, 100 messages of 256 bytes a second, so 20 000 deliveries a second, by a schedule that does not wait: little can be packed together. p99 counts from when a message was due. ${whatOfQsm}`,
  metrics: fanOutMetrics('', {
    cpu: { µWebSockets: 0.75, Bun: 0.75, nats: 1.4, nchan: 1, 'ws, one send each': 1.3, 'socket.io': 1.7 },
    // At most that of the best program in Node.
    p99: { 'ws, one send each': 1, 'ws, framed once': 1, 'socket.io': 1 },
  }),
  prepare: setting =>
    prepareFanOut(setting, {
      loads: [{ args: '-n 200 -rate 100 -size 256', suffix: '' }],
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

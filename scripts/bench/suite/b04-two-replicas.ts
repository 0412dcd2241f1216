import { startTransportPair } from '../peers/crowd/programs.js'
import { fanOutMetrics, prepareFanOut } from '../peers/prepare-fan-out.js'
import { whatOfQsm } from './b01-fan-out.js'
import type { Bench } from './bench.js'

/** The way from one replica to the sockets of another. */
export const bench: Bench = {
  id: 'B4',
  title: 'Fan-out of two replicas',
  about: `200 subscribers on two replicas that meet in Redis (NATS: in its cluster), 256 bytes, 32 messages in flight; CPU of both replicas and of Redis. As in QSM only ids go over Redis and each pod makes the text itself, so less goes over it than with the others; Centrifuge with Redis serves what one publishing socket sends one message at a time. ${whatOfQsm}`,
  metrics: fanOutMetrics('', { cpu: { nats: 2.5, centrifuge: 1.5 }, rate: { 'socket.io': 12 } }),
  prepare: setting =>
    prepareFanOut(setting, {
      loads: [{ args: '-to pair -n 200 -window 32 -size 256', suffix: '' }],
      programs: { qsm: () => startTransportPair(256) },
      peers: { nats: 'nats', centrifuge: 'centrifuge', 'socket.io': 'socketio' },
    }),
}

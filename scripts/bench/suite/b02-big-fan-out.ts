import { startBun, startTransport, startWs } from '../peers/crowd/programs.js'
import { fanOutMetrics, prepareFanOut } from '../peers/prepare-fan-out.js'
import { notBrought, whatOfQsm } from './b01-fan-out.js'
import type { Bench } from './bench.js'

/** An envelope with an ML-KEM ciphertext, a text of 512 bytes and both signatures. */
const envelopeBytes = 2_496
const cpu = {
  µWebSockets: 0.8,
  Bun: 0.85,
  nats: 1.7,
  nchan: 2.5,
  'ws, one send each': 4.5,
  'socket.io': 5,
}
const loads = ['1 000', '9 000'].map(count => ({
  args: `-n ${count.replace(' ', '')} -window 4 -size ${envelopeBytes} -time 4`,
  suffix: ` to ${count}`,
}))

/** Messages of the size of an envelope to very many sockets. */
export const bench: Bench = {
  id: 'B2',
  title: 'Fan-out of envelopes to 1 000 and 9 000 sockets',
  about: `1 000 and then 9 000 subscribers get what one publisher sends, ${envelopeBytes} bytes, 4 messages in flight. "qsm, framed for each" makes a frame for each socket, as sealed envelopes need it. ${whatOfQsm}`,
  metrics: loads.flatMap(({ suffix }) => fanOutMetrics(suffix, { cpu })),
  prepare: setting =>
    prepareFanOut(setting, {
      loads,
      programs: {
        qsm: () => startTransport(envelopeBytes),
        'qsm, framed for each': () => startTransport(envelopeBytes, 'each'),
        'ws, framed once': () => startWs('once'),
        'ws, one send each': () => startWs('each'),
        Bun: startBun,
      },
      peers: { nats: 'nats', centrifuge: 'centrifuge', 'socket.io': 'socketio' },
      absent: notBrought,
    }),
}

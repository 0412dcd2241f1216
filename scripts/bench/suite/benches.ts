import { bench as b01 } from './b01-fan-out.js'
import { bench as b02 } from './b02-big-fan-out.js'
import { bench as b03 } from './b03-paced-fan-out.js'
import { bench as b04 } from './b04-two-replicas.js'
import { bench as b05 } from './b05-idle-sockets.js'
import { bench as b06 } from './b06-connect-storm.js'
import { bench as b07Beside } from './b07-durable-beside.js'
import { bench as b07 } from './b07-durable-send.js'
import { bench as b08 } from './b08-algorithms.js'
import { bench as b09 } from './b09-crypto-service.js'
import { bench as b10 } from './b10-authenticated-get.js'
import { bench as b11 } from './b11-history-page.js'
import { bench as b12 } from './b12-scaling.js'
import { bench as b13 } from './b13-soak.js'
import { bench as b14 } from './b14-login.js'
import { bench as b14Beside } from './b14-logins-beside.js'
import type { Bench } from './bench.js'

/** Every bench of the suite, in the order they run. */
export const benches: readonly Bench[] = [
  b01,
  b02,
  b03,
  b04,
  b05,
  b06,
  b07,
  b07Beside,
  b08,
  b09,
  b10,
  b11,
  b12,
  b13,
  b14,
  b14Beside,
]

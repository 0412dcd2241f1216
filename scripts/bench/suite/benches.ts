import { bench as b08 } from './b08-algorithms.js'
import { bench as b10 } from './b10-authenticated-get.js'
import { bench as b12 } from './b12-scaling.js'
import type { Bench } from './bench.js'

/** Every bench of the suite, in the order they run. */
export const benches: readonly Bench[] = [b08, b10, b12]

import { readFileSync } from 'node:fs'

interface Cost {
  readonly podUs: number
  readonly redisUs: number
  readonly postgresUs: number
  readonly source: string
}

/** Microseconds of CPU and bytes of operations, each with where it was measured. */
export interface Measured {
  readonly cpuUs: {
    /** One envelope to one device: verified, stored, delivered, acknowledged. */
    readonly send: Cost
    /** A user with an open socket, each second. */
    readonly idle: Cost
    readonly opened: Cost
    readonly login: Pick<Cost, 'podUs' | 'source'>
    readonly thinSend: Pick<Cost, 'podUs' | 'source'>
  }
  readonly bytes: { readonly wal: number; readonly sent: number; readonly seen: number }
  readonly tokenMinutes: number
}

interface Figures extends Measured {
  readonly cpuUs: Measured['cpuUs'] & { readonly 'send, alone': Cost }
}

/** With `alone`, a send that shares no statement with others, as where a pod has little to do; else as where it is busy. */
export const readMeasured = (alone = false): Measured => {
  const figures = JSON.parse(readFileSync(new URL('measured.json', import.meta.url), 'utf8')) as Figures
  return alone ? { ...figures, cpuUs: { ...figures.cpuUs, send: figures.cpuUs['send, alone'] } } : figures
}

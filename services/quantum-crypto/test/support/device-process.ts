import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { RunOperation } from './open-devices.js'

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The process as one file: it starts in a third of the time, and the tests start many. Libraries stay where they are. */
const bundle = async (): Promise<string> => {
  const outfile = pathOf(`../../../../node_modules/.cache/qsm-test/device-process-${process.pid}.mjs`)
  await build({
    entryPoints: [pathOf('../fixtures/device-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['qsm-source'],
    plugins: [
      {
        name: 'libraries',
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            path.startsWith('@qsm/') || kind === 'entry-point' ? undefined : { external: true },
          )
        },
      },
    ],
  })
  return outfile
}

let bundled: Promise<string> | undefined

interface Answer {
  readonly id?: number
  readonly output?: unknown
  readonly error?: string
}

/** A process of the service on a database, driven from here. */
export interface DeviceProcess {
  /** Rejects where the operation failed, or the process died before it answered. */
  readonly run: RunOperation
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>
}

export const startDeviceProcess = async (databaseUrl: string): Promise<DeviceProcess> => {
  bundled ??= bundle()
  const program = await bundled
  return new Promise((resolve, reject) => {
    const child = fork(program, [databaseUrl])
    const waiting = new Map<number, { resolve: (output: never) => void; reject: (error: Error) => void }>()
    let orders = 0
    const died = new Promise<void>(gone => {
      child.once('exit', () => {
        for (const order of waiting.values()) order.reject(new Error('the process died'))
        reject(new Error('the process died before it was ready'))
        gone()
      })
    })
    const run: RunOperation = (userId, operation, input) =>
      new Promise((done, failed) => {
        orders += 1
        waiting.set(orders, { resolve: done, reject: failed })
        child.send({ id: orders, userId, operation, input }, error => {
          if (error) failed(error)
        })
      })
    child.on('message', ({ id, output, error }: Answer) => {
      if (id === undefined) {
        resolve({
          run,
          kill: async () => {
            child.kill('SIGKILL')
            await died
          },
        })
        return
      }
      const order = waiting.get(id)
      waiting.delete(id)
      if (error === undefined) order?.resolve(output as never)
      else order?.reject(new Error(error))
    })
  })
}

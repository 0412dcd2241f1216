import { fileURLToPath } from 'node:url'

/** A hot function whose instructions are counted. */
export interface Operation {
  readonly name: string
  /** A module with `prepare()`, which gives a function that runs the operation so many times. */
  readonly file: string
  /** How often it runs while it is counted. */
  readonly count: number
}

const operation = (name: string, count: number): Operation => ({
  name,
  file: fileURLToPath(new URL(`operations/${name}.mjs`, import.meta.url)),
  count,
})

/** All that are guarded; what each does stands in its file. */
export const operations: readonly Operation[] = [
  operation('http-request', 200),
  operation('send-frame', 500),
  operation('delivery', 500),
  operation('access-token', 400),
  operation('bus-packet', 20),
  operation('falcon-verify', 100),
]

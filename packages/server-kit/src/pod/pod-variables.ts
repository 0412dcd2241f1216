import { z } from 'zod'
import { flag } from '../config/shared-variables.js'
import { defineVariables } from '../config/variables.js'

/** What a service is told that runs alone. */
export const podVariables = defineVariables({
  HOST: {
    schema: z.string().min(1, 'an address to listen on'),
    default: '0.0.0.0',
    doc: 'Address to listen on.',
    example: '0.0.0.0',
  },
  MIGRATE_AT_START: {
    schema: flag,
    default: 'true',
    doc: 'Whether the pod brings its schema up to date before it serves. With false it waits, not ready, until `qsm-server migrate` has done so elsewhere.',
    example: 'false',
  },
})

/** Address of another service within the cluster. */
export const serviceUrl = (example: string) => z.url({ protocol: /^https?$/, error: `an address such as ${example}` })

import { z } from 'zod'
import { defineVariables } from '../config/variables.js'

/** Where a service that runs alone listens. */
export const hostVariable = defineVariables({
  HOST: {
    schema: z.string().min(1, 'an address to listen on'),
    default: '0.0.0.0',
    doc: 'Address to listen on.',
    example: '0.0.0.0',
  },
})

/** Address of another service within the cluster. */
export const serviceUrl = (example: string) => z.url({ protocol: /^https?$/, error: `an address such as ${example}` })

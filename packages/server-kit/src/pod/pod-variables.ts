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
  KUBERNETES_SERVICE_HOST: {
    schema: z.string(),
    optional: true,
    doc: 'Set by Kubernetes, not by you. In a cluster doctor takes a public address that a pod cannot reach for one that it may not reach.',
    example: '10.96.0.1',
  },
})

import { defineRoute } from '@qsm/contract'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  environmentVariables,
  httpVariables,
  type PodConfig,
  podVariables,
  readVariables,
  redisVariables,
  route,
  startPod,
  tokenVariables,
} from '../src/index.js'
import { groupOf } from './support.js'

const variables = { ...environmentVariables, ...httpVariables, ...redisVariables, ...tokenVariables, ...podVariables }

const configFor = (environment: string): PodConfig => ({
  ...readVariables(variables, {
    QSM_ENV: environment,
    LOG_LEVEL: 'silent',
    JWT_SECRET: 'a secret for tests only, long enough',
    HOST: '127.0.0.1',
    ADMIN_PORT: '0',
    DRAIN_SECONDS: '1',
  }),
  PORT: 0,
})

const wrong = defineRoute({
  operationId: 'wrong',
  service: 'main',
  method: 'get',
  path: '/wrong',
  summary: 'Answers what its contract does not tell of',
  auth: 'open',
  responses: { 200: { description: 'Fine.', body: z.strictObject({ word: z.string().max(3) }) } },
})

describe('a pod', () => {
  it.each([
    ['test', 500],
    ['development', 200],
  ])('holds its answers to their contract in test alone: %s', async (environment, status) => {
    const handle = route(wrong)(async () => ({ status: 200, body: { word: 'longer' } }))
    const pod = await startPod({ service: 'test', config: configFor(environment) }, async () => ({
      groups: [groupOf([handle])],
      extra: [],
      checks: {},
    }))
    try {
      expect((await fetch(`http://127.0.0.1:${pod.port}/wrong`)).status).toBe(status)
    } finally {
      await pod.stop()
    }
  })
})

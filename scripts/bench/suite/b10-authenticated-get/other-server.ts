// What QSM is measured against: each answers the same JSON, and checks, measures and logs nothing unless it says so.
import { createRequire } from 'node:module'
import type { AddressInfo, Server } from 'node:net'
import Koa from 'koa'
import { bodies } from './answers.js'

const body = bodies.getPrekeys
const [kind = '', folder = ''] = process.argv.slice(2)
const load = createRequire(`${folder}/package.json`)
type Listen = (port: number, host: string, ready: () => void) => Server

const koa = (Framework: typeof Koa): Listen => {
  const app = new Framework()
  app.use(context => {
    context.body = body
  })
  return (port, host, ready) => app.listen(port, host, ready)
}

/** Koa under OpenTelemetry's own instrumentation of http and Koa: every span is made and batched, the exporter drops them. */
const tracedKoa = (): Listen => {
  const { NodeSDK } = load('@opentelemetry/sdk-node')
  const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http')
  const { KoaInstrumentation } = load('@opentelemetry/instrumentation-koa')
  const traceExporter = {
    export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: async () => {},
  }
  const instrumentations = [new HttpInstrumentation(), new KoaInstrumentation()]
  new NodeSDK({ traceExporter, instrumentations, autoDetectResources: false }).start()
  load('node:http') // Patched when it is required, not when it was imported.
  const framework = load('koa')
  return koa(framework.default ?? framework)
}

const express = (): Listen => {
  const app = load('express')()
  app.get('/api/devices/:id/prekeys', (_request: unknown, response: { json(value: object): void }) =>
    response.json(body),
  )
  return (port, host, ready) => app.listen(port, host, ready)
}

const fastify = (): Listen => {
  const app = load('fastify')()
  const properties = { one_time: { type: 'integer' }, last_resort: { type: 'integer' } }
  const schema = { response: { 200: { type: 'object', properties } } }
  app.get('/api/devices/:id/prekeys', { schema }, async () => body)
  return (port, host, ready) => {
    app.listen({ port, host }, ready)
    return app.server
  }
}

const kinds: Readonly<Record<string, () => Listen>> = { koa: () => koa(Koa), traced: tracedKoa, express, fastify }
const start = kinds[kind]
if (!start) throw new Error(`there is no kind "${kind}"`)
const server = start()(0, '127.0.0.1', () => {
  console.error(`listening on ${(server.address() as AddressInfo).port};`)
})
process.once('SIGTERM', () => process.exit(0))

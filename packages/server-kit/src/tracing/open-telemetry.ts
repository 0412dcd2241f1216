import {
  type Context,
  isSpanContextValid,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { traceparentForm } from '@qsm/contract'
import type { Logger } from '../log.js'
import { loggedExporter } from './logged-exporter.js'
import type { Span, SpanRole, Tracing } from './tracing.js'

const exportTimeoutMs = 3_000
/** The exporter is to say itself that it was too slow. */
const graceMs = 500

const kinds: Readonly<Record<SpanRole, SpanKind>> = {
  server: SpanKind.SERVER,
  inner: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/** W3C Trace Context section 3.2: version, trace id, span id, flags. All zeros are no id. */
const contextOf = (traceparent: string | null): Context => {
  if (traceparent === null || !traceparentForm.test(traceparent)) return ROOT_CONTEXT
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
}

const spanOf = (span: OtelSpan): Span => {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    set: (name, value) => void span.setAttribute(name, value),
    fail: () => void span.setStatus({ code: SpanStatusCode.ERROR }),
    end: () => span.end(),
  }
}

/**
 * Traces by OpenTelemetry, in batches, as JSON to `/v1/traces` below `endpoint`. Its own provider, not the global one, and
 * parents are handed in: nothing looks for a context at each turn of the event loop. A client that says that it does not
 * sample is not traced.
 */
export const openTelemetry = (options: {
  readonly endpoint: string
  readonly service: string
  readonly log: Logger
}): Tracing => {
  const url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = loggedExporter(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }), options.log)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportTimeoutMs + graceMs })],
  })
  const tracer = provider.getTracer('qsm')
  const begin: Tracing['begin'] = (name, parent, role) =>
    spanOf(tracer.startSpan(name, { kind: kinds[role] }, contextOf(parent)))
  return {
    begin,
    async span(name, parent, run) {
      const span = begin(name, parent, 'inner')
      try {
        return await run(span)
      } catch (error) {
        span.fail()
        throw error
      } finally {
        span.end()
      }
    },
    close: () =>
      provider.shutdown().catch(error => options.log.warn({ err: error }, 'the last traces were not exported')),
  }
}

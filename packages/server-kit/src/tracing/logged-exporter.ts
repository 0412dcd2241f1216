import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../log.js'

/** ExportResultCode.SUCCESS of OpenTelemetry. */
const success = 0

/** An exporter whose failures are logged: the first of each row of them, and nowhere else noticed. */
export const loggedExporter = (exporter: SpanExporter, log: Logger): SpanExporter => {
  let isFailing = false
  return {
    export(spans, done) {
      exporter.export(spans, result => {
        if (result.code !== success && !isFailing) {
          log.warn({ err: result.error }, 'traces are not taken; they are dropped until the collector is back')
        }
        isFailing = result.code !== success
        done({ code: success })
      })
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush ? { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() } : {}),
  }
}

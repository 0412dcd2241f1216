import type { tracingVariables } from '../config/shared-variables.js'
import type { ConfigOf } from '../config/variables.js'
import type { Logger } from '../log.js'
import type { Tracing } from './tracing.js'

/**
 * The tracing of a process, or null where OTEL_EXPORTER_OTLP_ENDPOINT is not set: then nothing of OpenTelemetry is even
 * loaded. `service` is the name under which spans are shown, unless OTEL_SERVICE_NAME is another.
 */
export const createTracing = async (
  config: ConfigOf<typeof tracingVariables>,
  { service, log }: { readonly service: string; readonly log: Logger },
): Promise<Tracing | null> => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name } = config
  if (endpoint === undefined) return null
  const { openTelemetry } = await import('./open-telemetry.js')
  return openTelemetry({ endpoint, service: name ?? service, log })
}

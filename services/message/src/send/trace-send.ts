import { type Tracing, toQsmError } from '@qsm/server-kit'

const created = 201

export interface TracedSend {
  /** The pattern of the path by which it came. */
  readonly route: string
  /** The span of the client; null for none. */
  readonly traceparent: string | null
}

/** Runs a send within a span of its own, which `run` is given; without tracing as it is. */
export const traceSend = <T>(
  tracing: Tracing | null,
  { route, traceparent }: TracedSend,
  run: (traceparent: string | null) => Promise<T>,
): Promise<T> => {
  if (!tracing) return run(null)
  const span = tracing.begin('send', traceparent, 'server')
  span.set('http.route', route)
  const end = (status: number) => {
    span.set('http.response.status_code', status)
    if (status >= 500) span.fail()
    span.end()
  }
  return run(span.traceparent).then(
    answer => {
      end(created)
      return answer
    },
    error => {
      end(toQsmError(error).status)
      throw error
    },
  )
}

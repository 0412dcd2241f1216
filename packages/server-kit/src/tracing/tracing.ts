/** Of a span of ours: `server` answers a client, `producer` tells other pods, `consumer` was told by one. */
export type SpanRole = 'server' | 'inner' | 'producer' | 'consumer'

/** One step that is being traced. What it is told must name nobody: routes, codes and counts. */
export interface Span {
  /** The W3C header value (55 characters) that makes another span a child of this one, here or in another process. */
  readonly traceparent: string
  set(name: string, value: string | number): void
  /** Marks it as failed; it says nothing of why, since errors may name people. */
  fail(): void
  end(): void
}

/** Records spans and exports them in the background. Nothing here throws for a collector that is away. */
export interface Tracing {
  /** Begins a span: a child of `parent`, a W3C `traceparent`, or of none where that is null or malformed. */
  begin(name: string, parent: string | null, role: SpanRole): Span
  /** A span around `run`, failed where that rejects. */
  span<T>(name: string, parent: string | null, run: (span: Span) => Promise<T>): Promise<T>
  /** Exports what is left, within 4 s, and ends. */
  close(): Promise<void>
}

import type { Clock, Metrics } from '@qsm/server-kit'

/** What is counted of the entries that go to the sockets of a pod. */
export interface DeliveryCounts {
  /** An entry that this pod stored, handed over without being read again. */
  handed(): void
  /** A page that was read for a socket; times of arrival in milliseconds since 1970. */
  page(items: readonly { readonly receivedAt: number }[]): void
}

export const countDeliveries = (metrics: Metrics, clock: Clock): DeliveryCounts => {
  const deliveries = metrics.counter({ name: 'qsm_message_deliveries_total', help: 'Envelopes handed to sockets.' })
  const pages = metrics.counter({
    name: 'qsm_message_catch_up_pages_total',
    help: 'Pages read from mailboxes for sockets, empty ones too.',
  })
  const entries = metrics.counter({
    name: 'qsm_message_catch_up_entries_total',
    help: 'Entries of these pages.',
  })
  const age = metrics.histogram({
    name: 'qsm_message_backlog_age_seconds',
    help: 'How long an entry of such a page was stored before it went to its socket.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600, 3_600, 86_400, 604_800],
  })
  return {
    handed: () => deliveries.inc(),
    page(items) {
      pages.inc()
      if (items.length === 0) return
      deliveries.inc(items.length)
      entries.inc(items.length)
      const now = clock.now()
      // The clock of the pod that stored it may be ahead.
      for (const { receivedAt } of items) age.observe(Math.max(0, now - receivedAt) / 1_000)
    },
  }
}

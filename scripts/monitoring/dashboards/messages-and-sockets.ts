import { bucket } from '../select.js'
import { answers, chosen, type Dashboard, lines, now, quantileOf, rateOf, requests, socketsOfMax } from './panel.js'

const age = 'qsm_message_backlog_age_seconds'
const within = (bound: number): string => `sum(${rateOf(`${age}_bucket`, bucket(bound))})`

export const messagesAndSockets: Dashboard = {
  uid: 'qsm-realtime',
  title: 'QSM / Messages and sockets',
  description: 'Sending, delivery and sockets of the message pods.',
  rows: [
    {
      title: 'Is it up?',
      panels: [
        now(
          'Open sockets',
          'short',
          'On all message pods together.',
          [[`sum(${chosen('qsm_ws_connections')})`, 'sockets']],
          { width: 6 },
        ),
        now(
          'Sends',
          'ops',
          'Sends a second that were stored.',
          [[`sum(${rateOf('qsm_message_sends_total')})`, 'sends']],
          { width: 6 },
        ),
        now(
          'Deliveries',
          'ops',
          'Envelopes a second that were handed to sockets.',
          [[`sum(${rateOf('qsm_message_deliveries_total')})`, 'deliveries']],
          { width: 6 },
        ),
        now(
          'Hints over Redis',
          'none',
          'Whether every message pod reaches Redis.',
          [[`min(${chosen('qsm_bus_up')})`, 'Redis']],
          { redBelow: 1, words: answers, width: 6 },
        ),
      ],
    },
    {
      title: 'Is it fast?',
      panels: [
        lines(
          'Sending, p50 and p99',
          's',
          'Time to the answer of a send. Sends by socket are not in it.',
          [
            [quantileOf(0.99, requests, [], 'route="/api/message/send", method="POST"'), 'p99'],
            [quantileOf(0.5, requests, [], 'route="/api/message/send", method="POST"'), 'p50'],
          ],
          { alarmAt: 1 },
        ),
        lines(
          'Found by polling',
          'percentunit',
          'Share of the deliveries that were 1 to 10 s late: hints did not arrive. Worry when it stays above 5 %.',
          [[`(${within(10)} - ${within(1)}) / sum(${rateOf('qsm_message_deliveries_total')})`, 'late']],
          { warnAt: 0.02, alarmAt: 0.05 },
        ),
        lines(
          'Age of what is caught up',
          's',
          'How long entries were stored before they went to their socket, where they were read from the mailbox. Hours are clients that were away.',
          [
            [quantileOf(0.99, age), 'p99'],
            [quantileOf(0.5, age), 'p50'],
          ],
        ),
        lines(
          'Ended sessions, p99',
          's',
          'Time from the end of a session until its sockets are told to close. Promised: 2 s.',
          [[quantileOf(0.99, 'qsm_message_revocation_seconds'), 'p99']],
          { alarmAt: 2 },
        ),
        lines('Sends in one statement', 'short', 'How many sends are stored together: it grows with the load.', [
          [quantileOf(0.5, 'qsm_message_flush_sends', ['pod']), '{{pod}} p50'],
          [quantileOf(0.99, 'qsm_message_flush_sends', ['pod']), '{{pod}} p99'],
        ]),
        lines(
          'Event loop, p99 delay',
          's',
          'All that a pod does waits so long.',
          [[chosen('nodejs_eventloop_lag_p99_seconds'), '{{pod}}']],
          { warnAt: 0.1, alarmAt: 0.2 },
        ),
      ],
    },
    {
      title: 'Is it full?',
      panels: [
        lines(
          'Sockets by pod',
          'short',
          'Open sockets. The highest value that a pod takes is MAX_SOCKETS.',
          [[chosen('qsm_ws_connections'), '{{pod}}']],
          { isStacked: true },
        ),
        socketsOfMax,
        lines(
          'Waiting for a connection',
          'short',
          'Statements that wait for a connection to PostgreSQL.',
          [[chosen('qsm_message_database_pool_waiting'), '{{pod}}']],
          { warnAt: 1, alarmAt: 5 },
        ),
        lines(
          'Entries without a partition',
          'short',
          'Entries for whose time there was no partition, up to 1000. None as a rule.',
          [[`max(${chosen('qsm_message_entry_default_entries')})`, 'entries']],
          { warnAt: 1, alarmAt: 1_000 },
        ),
        lines(
          'Catching up',
          'ops',
          'Pages read from mailboxes and their entries: when sockets open, after hints, and every 10 s.',
          [
            [`sum(${rateOf('qsm_message_catch_up_pages_total')})`, 'pages'],
            [`sum(${rateOf('qsm_message_catch_up_entries_total')})`, 'entries'],
          ],
        ),
        lines('Hints', 'ops', 'Hints given to Redis, the packets they went in, and hints of other pods.', [
          [`sum(${rateOf('qsm_bus_hints_sent_total')})`, 'sent'],
          [`sum(${rateOf('qsm_bus_packets_sent_total')})`, 'packets'],
          [`sum(${rateOf('qsm_bus_hints_received_total')})`, 'received'],
        ]),
        lines('Heap', 'bytes', 'Memory that JavaScript uses in each pod.', [
          [chosen('nodejs_heap_size_used_bytes'), '{{pod}}'],
        ]),
      ],
    },
    {
      title: 'Is it losing?',
      panels: [
        lines(
          'Hints that Redis did not take',
          'ops',
          'Whoever waits for them polls.',
          [[`sum by (pod) (${rateOf('qsm_bus_hints_dropped_total')})`, '{{pod}}']],
          { warnAt: 0.01 },
        ),
        lines(
          'Dropped frames',
          'ops',
          'Typing, presence and receipts that slow sockets did not get. Messages are never dropped.',
          [[`sum by (kind) (${rateOf('qsm_ws_frames_dropped_total')})`, '{{kind}}']],
        ),
        lines(
          'Refused envelopes',
          'ops',
          'Sends whose envelopes did not pass the check, by cause. They were not stored.',
          [[`sum by (cause) (${rateOf('qsm_message_envelopes_refused_total')})`, '{{cause}}']],
          { warnAt: 0.05 },
        ),
      ],
    },
    {
      title: 'Who is limiting?',
      panels: [
        lines(
          'Refused sockets',
          'ops',
          'Upgrades that were refused, by code of the error.',
          [[`sum by (code) (${rateOf('qsm_ws_refused_total')})`, '{{code}}']],
          { warnAt: 0.5 },
        ),
        lines(
          'Sockets told to close',
          'ops',
          'By reason. `displaced`: clients fight for a device. `slow_consumer`: they do not read. `too_fast`: they send too much.',
          [[`sum by (reason) (${rateOf('qsm_ws_told_to_close_total')})`, '{{reason}}']],
        ),
        lines('Closed sockets', 'ops', 'By close code, whoever closed. 1006: the connection broke.', [
          [`sum by (code) (${rateOf('qsm_ws_closed_total')})`, '{{code}}'],
        ]),
      ],
    },
  ],
}

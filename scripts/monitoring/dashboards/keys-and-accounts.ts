import { answers, chosen, type Dashboard, lines, now, quantileOf, rateOf, requests } from './panel.js'

const login = 'route="/api/login"'
const atQuantum = 'route=~"/api/quantum/.+"'

export const keysAndAccounts: Dashboard = {
  uid: 'qsm-quantum-auth',
  title: 'QSM / Keys and accounts',
  description: 'The quantum service with the devices of thin clients, and the auth pods.',
  rows: [
    {
      title: 'Is it up?',
      panels: [
        now(
          'Quantum service',
          'none',
          'Whether auth and message pods get answers of it.',
          [[`min(${chosen('qsm_quantum_service_up')})`, 'quantum-crypto']],
          { redBelow: 1, words: answers, width: 6 },
        ),
        now(
          'Thin clients',
          'none',
          'Whether message pods ask the quantum service. Away: it did not answer, and they wait before they ask again.',
          [[`1 - max(${chosen('qsm_message_quantum_service_away')})`, 'message']],
          { redBelow: 1, words: answers, width: 6 },
        ),
        now(
          'Stored keys that did not open',
          'none',
          'Since the pods have started. More than none: a key-encryption key is missing, or the database was changed.',
          [[`sum(${chosen('qsm_crypto_at_rest_failures_total')}) or vector(0)`, 'keys']],
          { alarmAt: 1, width: 6 },
        ),
        now(
          'Logins',
          'ops',
          'Logins a second that were let in.',
          [[`sum(${rateOf(`${requests}_count`, `${login}, status="200"`)})`, 'logins']],
          { width: 6 },
        ),
      ],
    },
    {
      title: 'Is it fast?',
      panels: [
        lines(
          'Signing, p50 and p99',
          's',
          'From the call of a Falcon-512 signature or key pair to its end, with the wait for a worker.',
          [
            [quantileOf(0.99, 'qsm_crypto_signing_seconds', ['kind']), '{{kind}} p99'],
            [quantileOf(0.5, 'qsm_crypto_signing_seconds', ['kind']), '{{kind}} p50'],
          ],
          { warnAt: 0.25, alarmAt: 0.5 },
        ),
        lines(
          'Quantum routes, p99',
          's',
          'Time to the answer of a request to the quantum service.',
          [[quantileOf(0.99, requests, ['route'], atQuantum), '{{route}}']],
          { alarmAt: 1 },
        ),
        lines(
          'Login, p50 and p99',
          's',
          'Hashing a password takes most of it.',
          [
            [quantileOf(0.99, requests, [], login), 'p99'],
            [quantileOf(0.5, requests, [], login), 'p50'],
          ],
          { alarmAt: 1 },
        ),
        lines(
          'Operations',
          'ops',
          'Operations of the REST routes of the quantum service.',
          [[`sum by (operation) (${rateOf('qsm_crypto_operations_total')})`, '{{operation}}']],
          { isStacked: true, width: 12 },
        ),
        lines(
          'Operations of managed devices',
          'ops',
          'What message pods ask for thin clients.',
          [[`sum by (operation) (${rateOf('qsm_message_managed_operations_total')})`, '{{operation}}']],
          { isStacked: true, width: 12 },
        ),
      ],
    },
    {
      title: 'Is it full?',
      panels: [
        lines(
          'Waiting for a signing worker',
          'short',
          'From 128 for each thread on, calls are refused with 503.',
          [[chosen('qsm_crypto_signing_waiting'), '{{pod}}']],
          { warnAt: 64, alarmAt: 128 },
        ),
        lines('CPU', 'short', 'Cores that each pod uses: a quantum pod one for each signing thread and one more.', [
          [rateOf('process_cpu_seconds_total'), '{{pod}}'],
        ]),
        lines(
          'Waiting for a connection',
          'short',
          'Statements that wait for a connection to PostgreSQL.',
          [[`${chosen('qsm_crypto_database_pool_waiting')} or ${chosen('qsm_auth_database_pool_waiting')}`, '{{pod}}']],
          { warnAt: 1, alarmAt: 5 },
        ),
        lines(
          'Memory',
          'bytes',
          'Resident memory of each pod.',
          [[chosen('process_resident_memory_bytes'), '{{pod}}']],
          { width: 12 },
        ),
        lines(
          'Replaced signing workers',
          'ops',
          'Workers are replaced each minute in which they work, and after 10 000 tasks, so that no key stays in their memory.',
          [[`sum by (pod) (${rateOf('qsm_crypto_signing_recycles_total')})`, '{{pod}}']],
          { width: 12 },
        ),
      ],
    },
    {
      title: 'Is it losing?',
      panels: [
        lines('Managed operations that failed', 'ops', 'By code of the error.', [
          [
            `sum by (operation, outcome) (${rateOf('qsm_message_managed_operations_total', 'outcome!="done"')}) > 0`,
            '{{outcome}} {{operation}}',
          ],
        ]),
        lines(
          'Messages that could not be opened',
          'ops',
          'Entries that went into quarantine, by reason.',
          [[`sum by (reason) (${rateOf('qsm_managed_quarantined_total')})`, '{{reason}}']],
          { warnAt: 0.05 },
        ),
        lines(
          'Stored keys that did not open',
          'ops',
          'By reason. Worry at the first one.',
          [[`sum by (reason) (${rateOf('qsm_crypto_at_rest_failures_total')})`, '{{reason}}']],
          { alarmAt: 0.0001 },
        ),
      ],
    },
    {
      title: 'Who is limiting?',
      panels: [
        lines('Refused logins', 'ops', '401: wrong name or password. 429: too many tries.', [
          [`sum by (status) (${rateOf(`${requests}_count`, `${login}, status=~"4.."`)})`, '{{status}}'],
        ]),
        lines(
          'Rate limited at the quantum service',
          'ops',
          'Answers with 429: a user who calls, signs or makes keys more often than allowed.',
          [[`sum by (route) (${rateOf(`${requests}_count`, `${atQuantum}, status="429"`)}) > 0`, '{{route}}']],
        ),
        lines(
          'Refused as too busy',
          'ops',
          'Answers with 503 of the quantum service: its signing queue is full or its database is away.',
          [[`sum by (route) (${rateOf(`${requests}_count`, `${atQuantum}, status="503"`)}) > 0`, '{{route}}']],
          { warnAt: 0.01 },
        ),
      ],
    },
  ],
}

import { answers, chosen, type Dashboard, lines, now, quantileOf, rateOf, requests, socketsOfMax } from './panel.js'

const pools = ['auth', 'message', 'crypto']
const ofPools = (build: (pool: string) => string): string =>
  pools.map(schema => build(`qsm_${schema}_database_pool`)).join(' or ')
const share = (status: string): string =>
  `sum by (job) (${rateOf(`${requests}_count`, `status=~"${status}"`)}) / sum by (job) (${rateOf(`${requests}_count`)})`

export const overview: Dashboard = {
  uid: 'qsm-overview',
  title: 'QSM / Overview',
  description: 'All services of QSM: is it up, is it fast, is it full, is it losing, who is limiting.',
  rows: [
    {
      title: 'Is it up?',
      panels: [
        now(
          'Pods that answer',
          'percentunit',
          'Share of the pods that Prometheus reaches, for each service.',
          [[`avg by (job) (${chosen('up')})`, '{{job}}']],
          { redBelow: 1, max: 1, width: 9 },
        ),
        now(
          'Alerts',
          'none',
          'Alerts of QSM that fire now in this namespace. Each has a runbook.',
          [['count(ALERTS{alertname=~"Qsm.+", alertstate="firing", namespace=~"$namespace"}) or vector(0)', 'firing']],
          { alarmAt: 1, width: 3 },
        ),
        now(
          'Hints over Redis',
          'none',
          'Whether every pod reaches Redis. Away: messages of other pods come within 10 s.',
          [[`min(${chosen('qsm_bus_up')})`, 'Redis']],
          { redBelow: 1, words: answers },
        ),
        now(
          'Shared limits',
          'none',
          'Whether all pods count rate limits together. Away: each gives half of each allowance.',
          [[`min(${chosen('qsm_limits_shared')})`, 'limits']],
          { redBelow: 1, words: answers },
        ),
        now(
          'Quantum service',
          'none',
          'Whether auth and message pods get answers of it. Away: thin clients wait.',
          [[`min(${chosen('qsm_quantum_service_up')})`, 'quantum-crypto']],
          { redBelow: 1, words: answers },
        ),
        lines('Pods', 'none', 'Pods that answer, by service.', [[`sum by (job) (${chosen('up')})`, '{{job}}']], {
          width: 12,
        }),
        lines(
          'Starts',
          'none',
          'How often each pod has started in the last hour. Each start cuts its sockets.',
          [[`changes(${chosen('process_start_time_seconds')}[1h]) > 0`, '{{pod}}']],
          { alarmAt: 3, width: 12 },
        ),
      ],
    },
    {
      title: 'Is it fast?',
      panels: [
        lines(
          'Answers, p50 and p99',
          's',
          'Time to the answer of a request. Worry when p99 stays above a second.',
          [
            [quantileOf(0.99, requests, ['job']), '{{job}} p99'],
            [quantileOf(0.5, requests, ['job']), '{{job}} p50'],
          ],
          { alarmAt: 1 },
        ),
        lines(
          'Slowest routes, p99',
          's',
          'The ten routes whose p99 is highest.',
          [[`topk(10, ${quantileOf(0.99, requests, ['method', 'route'])})`, '{{method}} {{route}}']],
          { alarmAt: 1 },
        ),
        lines(
          'Event loop, p99 delay',
          's',
          'How late a pod does what is due; 0.01 is what the measuring itself takes. All it does waits so long.',
          [[chosen('nodejs_eventloop_lag_p99_seconds'), '{{pod}}']],
          { warnAt: 0.1, alarmAt: 0.2 },
        ),
        lines(
          'Requests',
          'ops',
          'Requests a second by service.',
          [[`sum by (job) (${rateOf(`${requests}_count`)})`, '{{job}}']],
          { isStacked: true },
        ),
        lines('Busiest routes', 'ops', 'The ten routes with most requests.', [
          [`topk(10, sum by (method, route) (${rateOf(`${requests}_count`)}))`, '{{method}} {{route}}'],
        ]),
        lines('Sends and deliveries', 'ops', 'Sends that were stored, and envelopes handed to sockets.', [
          [`sum(${rateOf('qsm_message_sends_total')})`, 'sends'],
          [`sum(${rateOf('qsm_message_deliveries_total')})`, 'deliveries'],
        ]),
      ],
    },
    {
      title: 'Is it full?',
      panels: [
        socketsOfMax,
        lines(
          'CPU',
          'short',
          'Cores that each pod uses. A message pod has one event loop: near 1 it is full.',
          [[rateOf('process_cpu_seconds_total'), '{{pod}}']],
          { warnAt: 0.8 },
        ),
        lines('Memory', 'bytes', 'Resident memory of each pod. Compare with the memory limit.', [
          [chosen('process_resident_memory_bytes'), '{{pod}}'],
        ]),
        lines(
          'Waiting for a connection',
          'short',
          'Statements that wait for a connection to PostgreSQL. From 1000 on they are refused.',
          [[ofPools(pool => chosen(`${pool}_waiting`)), '{{pod}}']],
          { warnAt: 1, alarmAt: 5 },
        ),
        lines(
          'Connections in use',
          'short',
          'Connections to PostgreSQL that work. DATABASE_POOL_MAX is the most of each pod.',
          [[ofPools(pool => `(${chosen(`${pool}_connections`)} - ${chosen(`${pool}_idle`)})`), '{{pod}}']],
        ),
        lines(
          'File descriptors',
          'percentunit',
          'Each socket takes one.',
          [[`${chosen('process_open_fds')} / ${chosen('process_max_fds')}`, '{{pod}}']],
          { warnAt: 0.6, alarmAt: 0.8, max: 1 },
        ),
      ],
    },
    {
      title: 'Is it losing?',
      panels: [
        lines(
          'Failed requests',
          'percentunit',
          'Share of the requests that are answered with 5xx. Clients repeat them.',
          [[share('5..'), '{{job}}']],
          { warnAt: 0.005, alarmAt: 0.02 },
        ),
        lines('Failures by route', 'ops', 'Answers with 5xx. 503: something it needs is away. 500: a fault of QSM.', [
          [
            `sum by (method, route, status) (${rateOf(`${requests}_count`, 'status=~"5.."')}) > 0`,
            '{{status}} {{method}} {{route}}',
          ],
        ]),
        lines(
          'Hints that were lost or refused',
          'ops',
          'Hints that Redis did not take, and what came over it and was no hint. No message is lost by it; some come late.',
          [
            [`sum by (pod) (${rateOf('qsm_bus_hints_dropped_total')})`, '{{pod}} lost'],
            [`sum by (pod) (${rateOf('qsm_bus_hints_refused_total')})`, '{{pod}} refused'],
          ],
          { warnAt: 0.01 },
        ),
      ],
    },
    {
      title: 'Who is limiting?',
      panels: [
        lines('Rate limited requests', 'ops', 'Answers with 429, by route.', [
          [
            `sum by (job, method, route) (${rateOf(`${requests}_count`, 'status="429"')}) > 0`,
            '{{job}} {{method}} {{route}}',
          ],
        ]),
        lines(
          'Refused sockets',
          'ops',
          'Upgrades that were refused, by code. `unavailable`: a pod is full or many come at once. `rate_limited`: one address or user has too many.',
          [[`sum by (code) (${rateOf('qsm_ws_refused_total')})`, '{{code}}']],
          { warnAt: 0.5 },
        ),
        lines(
          'Refused requests',
          'percentunit',
          'Share of the requests that are answered with 4xx: what clients do wrong, or may not do.',
          [[share('4..'), '{{job}}']],
        ),
      ],
    },
  ],
}

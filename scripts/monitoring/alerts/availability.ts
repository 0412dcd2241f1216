import type { AlertGroup } from '../alert.js'
import { ofAll, ofService, placeholders, services } from '../select.js'

const absent = services.map(service => `or absent(up${ofService(service)})`).join('\n')

export const availability: AlertGroup = {
  name: 'qsm.availability',
  alerts: [
    {
      name: 'QsmServiceDown',
      severity: 'critical',
      for: '2m',
      expr: `sum by (namespace, job) (up${ofAll()}) == 0\n${absent}`,
      summary: 'No pod of {{ $labels.job }} answers.',
      description:
        'Without auth nobody logs in; without message nobody sends or receives; without quantum-crypto thin clients stand still. What was acknowledged is safe in PostgreSQL.',
    },
    {
      name: 'QsmPodDown',
      severity: 'warning',
      for: '3m',
      expr: `up${ofAll()} == 0`,
      summary: 'Pod {{ $labels.pod }} of {{ $labels.job }} does not answer its admin port.',
      description:
        'The other pods carry its users, with less room. Look at the state and the last log lines of the pod.',
    },
    {
      name: 'QsmPodNotReady',
      severity: 'warning',
      for: '10m',
      expr: [
        'max by (namespace, pod) (kube_pod_status_ready{condition="true", ',
        `namespace="${placeholders.namespace}", pod=~"${placeholders.fullname}-(${services.join('|')})-.+"}) == 0`,
      ].join(''),
      summary: 'Pod {{ $labels.pod }} has not been ready for ten minutes.',
      description:
        'It gets no requests. `/readyz` names what is missing: the database, or that it drains. A pod that waits for a migration is not ready either.',
    },
    {
      name: 'QsmPodRestarts',
      severity: 'warning',
      for: '0m',
      expr: `changes(process_start_time_seconds${ofAll()}[30m]) >= 3`,
      summary: 'Pod {{ $labels.pod }} has started {{ $value }} times more in 30 minutes.',
      description:
        'Each start cuts its sockets; clients come back on their own and miss nothing. Find out what ends it.',
    },
    {
      name: 'QsmMigrationFailed',
      severity: 'critical',
      for: '0m',
      expr: [
        'max by (namespace, job_name) (kube_job_failed{condition="true", ',
        `namespace="${placeholders.namespace}", job_name=~"${placeholders.fullname}-migrate.*"}) > 0`,
      ].join(''),
      summary: 'The migration job {{ $labels.job_name }} has failed.',
      description:
        'Pods of the new version wait for it and those of the old one go on. Nothing is half done: each migration is one transaction.',
    },
  ],
}

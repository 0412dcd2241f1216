/** What the chart puts in: where a release runs, how its objects begin, where runbooks are. */
export const placeholders = {
  namespace: 'RELEASE_NAMESPACE',
  fullname: 'RELEASE_FULLNAME',
  runbooks: 'RUNBOOK_BASE_URL',
} as const

/** The components with `/metrics`, as their Services end. Prometheus takes the name of the Service as `job`. */
export const services = ['auth', 'message', 'quantum-crypto'] as const
export type Service = (typeof services)[number]

const matchers = (job: string, more: string): string =>
  `{namespace="${placeholders.namespace}", ${job}${more === '' ? '' : `, ${more}`}}`

/** Series of one service of this release; `more` are further matchers. */
export const ofService = (service: Service, more = ''): string =>
  matchers(`job="${placeholders.fullname}-${service}"`, more)

/** Series of all services of this release. */
export const ofAll = (more = ''): string => matchers(`job=~"${placeholders.fullname}-(${services.join('|')})"`, more)

/** A bucket by its upper bound: Prometheus 3 writes whole numbers as `1.0`, earlier ones as they come. */
export const bucket = (bound: number): string => (Number.isInteger(bound) ? `le=~"${bound}(\\\\.0)?"` : `le="${bound}"`)

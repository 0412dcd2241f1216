import { matches, podsOf } from './pods.js'
import { type Fields, find, ofKind, type Rendered } from './rendered.js'

interface Match {
  readonly type: 'Exact' | 'Prefix'
  readonly path: string
  readonly service: string
  readonly port: number | string
}

const ingressMatches = (rendered: Rendered): readonly Match[] =>
  ofKind(rendered, 'Ingress').flatMap(({ spec }) =>
    spec.rules.flatMap((rule: Fields) =>
      rule.http.paths.map(({ path, pathType, backend }: Fields) => ({
        type: pathType,
        path,
        service: backend.service.name,
        port: backend.service.port.name ?? backend.service.port.number,
      })),
    ),
  )

const routeMatches = (rendered: Rendered): readonly Match[] =>
  ofKind(rendered, 'HTTPRoute').flatMap(({ spec }) =>
    spec.rules.flatMap(({ matches, backendRefs: [backend] }: Fields) =>
      matches.map(({ path }: Fields) => ({
        type: path.type === 'PathPrefix' ? 'Prefix' : path.type,
        path: path.value,
        service: backend.name,
        port: backend.port,
      })),
    ),
  )

/** Element by element of the path, as Ingress (Prefix) and HTTPRoute (PathPrefix) define it. */
const isBelow = (path: string, prefix: string): boolean =>
  path === prefix || path.startsWith(`${prefix.replace(/\/$/, '')}/`)

/**
 * The match that a path takes; null where nothing answers for it. Throws where it depends on the controller: some take a
 * prefix for letters, and some let a long prefix go before a short exact path.
 */
const matchOf = (all: readonly Match[], path: string): Match | null => {
  const byLetters = all.filter(match => (match.type === 'Exact' ? match.path === path : path.startsWith(match.path)))
  const services = new Set(byLetters.map(({ service }) => service))
  if (services.size > 1) throw new Error(`${path} goes to ${[...services].join(' or to ')}, as a controller likes`)
  return byLetters.find(match => match.type === 'Exact' || isBelow(path, match.path)) ?? null
}

/**
 * The component whose pods a request from outside arrives at and the port it arrives at, through Ingress or HTTPRoute and
 * the Service. Null where no rule takes the path. Throws where a rule leads to a Service or a port that is not there.
 */
export const destinationOf = (rendered: Rendered, path: string): string | null => {
  const match = matchOf([...ingressMatches(rendered), ...routeMatches(rendered)], path)
  if (!match) return null
  const { spec } = find(rendered, 'Service', match.service)
  const port = spec.ports.find(({ name, port }: Fields) => name === match.port || port === match.port)
  const pod = podsOf(rendered).find(({ labels }) => matches(spec.selector, labels))
  const open = pod?.spec.containers[0].ports.find(({ name }: Fields) => name === port?.targetPort)
  if (!pod || !open) throw new Error(`${path} leads to ${match.service}:${match.port}, where nothing listens`)
  return `${pod.labels['app.kubernetes.io/component']}:${open.name}`
}

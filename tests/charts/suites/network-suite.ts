import { internalRoutes, routeSections } from '@qsm/contract'
import { describe, expect, test } from 'vitest'
import type { CaseName } from '../cases.js'
import { type End, mayConnect } from '../network.js'
import { podsOf } from '../pods.js'
import { type Fields, ofKind, type Rendered } from '../rendered.js'
import { destinationOf } from '../routing.js'

const routes = routeSections.flatMap(section => section.routes)

/** What the contract calls `main` (health, configuration) is answered by message; the health of quantum-crypto is its own. */
const componentOf = ({ service, path }: (typeof routes)[number]): string =>
  service === 'main' || path === '/api/health' ? 'message' : service
const pathOf = (path: string): string => path.replaceAll(/\{\w+\}/g, 'x')

const podOf = (release: Rendered, component: string): End => {
  const pod = podsOf(release).find(({ labels }) => labels['app.kubernetes.io/component'] === component)
  if (!pod) throw new Error(`there is no pod of ${component}`)
  return { namespace: release.namespace, labels: pod.labels }
}
const elsewhere = (namespace: string): End => ({ namespace, labels: { app: 'other' } })

/** Which names of pods and namespaces may reach a port of a component. */
const callersOf = (release: Rendered, component: string, port: number): readonly string[] => {
  const inside = ['auth', 'message', 'quantum-crypto', 'migrate', 'test'].filter(name => {
    const hasPods = podsOf(release).some(({ labels }) => labels['app.kubernetes.io/component'] === name)
    return hasPods && name !== component && mayConnect(release, podOf(release, name), podOf(release, component), port)
  })
  const outside = ['traefik', 'edge', 'monitoring', 'watch', 'default', release.namespace].filter(namespace =>
    mayConnect(release, elsewhere(namespace), podOf(release, component), port),
  )
  return [...inside, ...outside]
}

/** Who reaches whom, from outside through Ingress or HTTPRoute, and within the cluster past the NetworkPolicies. */
export const networkSuite = (rendered: Readonly<Record<CaseName, Rendered>>): void => {
  describe.each(['minimal', 'tls-gateway'] as const)('the public address (%s)', name => {
    test.each(routes.map(route => [route.method, route.path, componentOf(route)]))(
      '%s %s arrives at %s',
      (_method, path, component) => {
        expect(destinationOf(rendered[name], pathOf(path))).toBe(`${component}:http`)
      },
    )

    test.each(['/docs', '/docs/swagger-ui.css', '/openapi.json', '/asyncapi.json'])('%s arrives at message', path => {
      expect(destinationOf(rendered[name], path)).toBe('message:http')
    })

    test.each(internalRoutes.map(({ path }) => path))('%s leads nowhere', path => {
      expect(destinationOf(rendered[name], pathOf(path))).toBeNull()
    })

    test.each(['/internal', '/internal/anything', '/metrics', '/livez', '/readyz'])('%s leads nowhere', path => {
      expect(destinationOf(rendered[name], path)).toBeNull()
    })
  })

  test('the quantum service has no public path of its own where it is not exposed', () => {
    expect(destinationOf(rendered.minimal, '/api/quantum/info')).toBe('quantum-crypto:http')
    expect(destinationOf(rendered.hidden, '/api/quantum/info')).toBeNull()
    expect(callersOf(rendered.hidden, 'quantum-crypto', 8001)).toEqual(['auth', 'message'])
    expect(JSON.stringify(ofKind(rendered.hidden, 'ConfigMap'))).not.toContain('QUANTUM_PUBLIC_URL')
  })

  test('only the host of publicUrl is answered, by the certificate that the values name', () => {
    const [minimal] = ofKind(rendered.minimal, 'Ingress')
    expect(minimal?.spec.rules.map(({ host }: { host: string }) => host)).toEqual(['chat.example.org'])
    expect(minimal?.spec.tls).toEqual([{ hosts: ['chat.example.org'], secretName: 'qsm-tls' }])
    expect(minimal?.metadata.annotations).toEqual({ 'cert-manager.io/cluster-issuer': 'letsencrypt' })
    const [full] = ofKind(rendered.full, 'Ingress')
    expect(full?.spec).toMatchObject({ ingressClassName: 'haproxy', tls: [{ secretName: 'wildcard' }] })
    const [dev] = ofKind(rendered.dev, 'Ingress')
    expect([dev?.spec.tls, dev?.spec.rules[0].host]).toEqual([undefined, 'chat.localhost'])
    const [route] = ofKind(rendered['tls-gateway'], 'HTTPRoute')
    expect(route?.spec.hostnames).toEqual(['chat.example.org'])
  })

  test('sockets have no timeout behind the gateway, other requests keep theirs', () => {
    const [route] = ofKind(rendered['tls-gateway'], 'HTTPRoute')
    const timeouts = route?.spec.rules.map(({ matches: [{ path }], timeouts }: Fields) => [path.value, timeouts])
    expect(Object.fromEntries(timeouts)).toMatchObject({ '/ws': { request: '0s' }, '/api/users/': undefined })
  })

  describe('NetworkPolicies', () => {
    test('let auth be reached by message and quantum-crypto and by the ingress controller', () => {
      expect(callersOf(rendered.minimal, 'auth', 8000)).toEqual(['message', 'quantum-crypto', 'traefik'])
    })

    test('let message be reached by the ingress controller alone', () => {
      expect(callersOf(rendered.minimal, 'message', 8000)).toEqual(['traefik'])
    })

    test('let quantum-crypto be reached by auth and message, and from outside where it is exposed', () => {
      expect(callersOf(rendered.minimal, 'quantum-crypto', 8001)).toEqual(['auth', 'message', 'traefik'])
      expect(callersOf(rendered.full, 'quantum-crypto', 8001)).toEqual(['auth', 'message', 'edge'])
    })

    test('let the admin ports be reached by Prometheus alone', () => {
      for (const component of ['auth', 'message', 'quantum-crypto']) {
        expect(callersOf(rendered.minimal, component, 9464)).toEqual(['monitoring'])
        expect(callersOf(rendered.full, component, 9464)).toEqual(['watch'])
      }
    })

    test('let nobody reach the migration and the test, on any port', () => {
      for (const component of ['migrate', 'test']) {
        for (const port of [80, 8000, 9464]) expect(callersOf(rendered.minimal, component, port)).toEqual([])
      }
    })

    test('let services reach their database and Redis, and nothing else outside', () => {
      const database = elsewhere('databases')
      for (const component of ['auth', 'message', 'quantum-crypto']) {
        const open = [5432, 6379, 26_379, 443, 80, 4318, 8200].filter(port =>
          mayConnect(rendered.minimal, podOf(rendered.minimal, component), database, port),
        )
        expect(open).toEqual([5432, 6379, 26_379])
      }
      const migrate = podOf(rendered.minimal, 'migrate')
      expect([5432, 6379, 443].filter(port => mayConnect(rendered.minimal, migrate, database, port))).toEqual([5432])
    })

    test('deny what no rule names, for every pod of the release, both ways', () => {
      const denied = ofKind(rendered.minimal, 'NetworkPolicy').find(
        ({ metadata }) => metadata.name === 'qsm-default-deny',
      )
      expect(denied?.spec).toEqual({
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'qsm', 'app.kubernetes.io/instance': 'qsm' } },
        policyTypes: ['Ingress', 'Egress'],
      })
    })

    test('let the small databases be reached from within the release alone', () => {
      expect(callersOf(rendered.dev, 'dev-postgres', 5432)).toEqual(['auth', 'message', 'quantum-crypto', 'test'])
      expect(mayConnect(rendered.dev, elsewhere('default'), podOf(rendered.dev, 'dev-valkey'), 6379)).toBe(false)
    })
  })
}

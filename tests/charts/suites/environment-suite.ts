import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authPodVariables, readAuthPodConfig } from '@qsm/auth'
import { messagePodVariables, readMessagePodConfig } from '@qsm/message'
import { quantumPodVariables, readQuantumPodConfig } from '@qsm/quantum-crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type CaseName, cases } from '../cases.js'
import { type Container, type Pod, podsOf } from '../pods.js'
import { type Fields, find, type Rendered } from '../rendered.js'

const names = Object.keys(cases) as readonly CaseName[]
const services = [
  ['auth', authPodVariables, readAuthPodConfig],
  ['message', messagePodVariables, readMessagePodConfig],
  ['quantum-crypto', quantumPodVariables, readQuantumPodConfig],
] as const

const secretFolder = '/run/secrets/qsm/'
const secrets = {
  DATABASE_URL: 'postgresql://qsm:pass@db:5432/qsm',
  REDIS_URL: 'redis://redis:6379',
  REDIS_PASSWORD: 'pass of Redis',
  REDIS_SENTINEL_PASSWORD: 'pass of the sentinels',
  JWT_SECRET: 'Xk3vQ9mZr7Lw2Tn8Yc5Hb1Jd6Gf4SaPe0UoIiRtW',
  JWT_SECRET_PREVIOUS: 'Bq8nWz2Kx7Vt4Mc9Rj5Hd1Lf6Gs3PaYe0UoIiTrE',
  QSM_KEK: `k1:${createHash('sha256').update('a key').digest('base64')}`,
}

const podOf = (release: Rendered, component: string): Pod => {
  const pod = podsOf(release).find(({ labels }) => labels['app.kubernetes.io/component'] === component)
  if (!pod) throw new Error(`there is no pod of ${component}`)
  return pod
}

/** The variables of a container as the kubelet sets them: of ConfigMaps that the chart makes, then of `env`. */
const environmentOf = (release: Rendered, { env = [], envFrom = [] }: Container): Readonly<Record<string, string>> => {
  const ofMaps = envFrom.flatMap(({ configMapRef }) =>
    configMapRef && configMapRef.name !== 'more'
      ? Object.entries(find(release, 'ConfigMap', configMapRef.name).data)
      : [],
  )
  const own = env.map(({ name, value }) => [name, value ?? 'from-elsewhere'])
  return Object.fromEntries([...ofMaps, ...own])
}

/** The names of the files that the pod's volume of secrets holds. */
const secretFilesOf = ({ spec }: Pod): readonly string[] =>
  spec.volumes[0].projected.sources.flatMap(({ secret }: Fields) =>
    secret.items.map(({ path }: { path: string }) => path),
  )

/** What the services are told, read by the services themselves. */
export const environmentSuite = (rendered: Readonly<Record<CaseName, Rendered>>): void => {
  describe('the variables of a service', () => {
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'qsm-chart-secrets-'))
      for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), text)
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    const told = (release: Rendered, component: string): Readonly<Record<string, string>> => {
      const environment = environmentOf(release, podOf(release, component).spec.containers[0])
      const here = ([name, value]: [string, string]) => [name, value.replace(secretFolder, `${folder}/`)]
      return Object.fromEntries(Object.entries(environment).map(here))
    }

    for (const name of names) {
      test.each(services)(`${name}: make a configuration that %s starts with`, (component, _variables, read) => {
        const config = read(told(rendered[name], component))
        expect(config).toMatchObject({ ADMIN_HOST: '0.0.0.0', ADMIN_PORT: 9464, HOST: '0.0.0.0', TRUST_PROXY: true })
        expect(config.QSM_PUBLIC_URL).toBe(name === 'dev' ? 'http://chat.localhost:8080' : 'https://chat.example.org')
        expect(config.QSM_ENV).toBe(name === 'dev' ? 'development' : 'production')
        expect(config.REDIS_URL).toBeDefined()
      })

      test.each(services)(`${name}: are all read by %s`, (component, variables) => {
        const given = Object.keys(told(rendered[name], component)).map(variable => variable.replace(/_FILE$/, ''))
        const ofUsers = ['NODE_OPTIONS', 'TZ_OFFSET', 'SPOT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
        expect(given.filter(variable => !(variable in variables) && !ofUsers.includes(variable))).toEqual([])
      })

      test.each(services)(`${name}: name a file for each secret of %s, and the pod has no other`, component => {
        const pod = podOf(rendered[name], component)
        const named = Object.entries(environmentOf(rendered[name], pod.spec.containers[0])).flatMap(
          ([variable, value]) =>
            value.startsWith(secretFolder) ? [`${variable} ${value.slice(secretFolder.length)}`] : [],
        )
        expect(named.sort()).toEqual(
          secretFilesOf(pod)
            .map(file => `${file}_FILE ${file}`)
            .sort(),
        )
      })
    }

    test('that config does not take are those that the chart sets', () => {
      const { config } = parse(readFileSync('charts/qsm/files/elsewhere.yaml', 'utf8')) as {
        config: Record<string, string>
      }
      for (const name of ['minimal', 'ha', 'tls-gateway', 'dev'] as const) {
        for (const [component] of services) {
          const set = Object.keys(told(rendered[name], component)).map(variable => variable.replace(/_FILE$/, ''))
          expect(set.filter(variable => !(variable in config))).toEqual([])
        }
      }
    })

    test('keep whole numbers as they are, and those of a component go before those of all', () => {
      const { data } = find(rendered.full, 'ConfigMap', 'talk-message')
      expect(data).toMatchObject({ MAX_SOCKETS: '1000000', LOG_LEVEL: 'warn', DATABASE_POOL_MAX: '20' })
      expect(find(rendered.full, 'ConfigMap', 'talk-auth').data.LOG_LEVEL).toBe('debug')
    })

    test('lead auth, message and quantum-crypto to each other', () => {
      const { data } = find(rendered.minimal, 'ConfigMap', 'qsm-message')
      expect(data).toMatchObject({
        AUTH_URL: 'http://qsm-auth.qsm.svc:8000',
        QUANTUM_API_URL: 'http://qsm-quantum-crypto.qsm.svc:8001',
      })
      for (const address of [data.AUTH_URL, data.QUANTUM_API_URL]) {
        const { hostname, port } = new URL(address)
        const service = find(rendered.minimal, 'Service', hostname.split('.')[0] ?? '')
        expect(service.spec.ports[0].port).toBe(Number(port))
      }
    })

    test('bring the password of the sentinels from its key of the Secret of Redis', () => {
      for (const [component, , read] of services) {
        const config = read(told(rendered.guarded, component))
        expect(config.REDIS_SENTINEL_PASSWORD?.reveal()).toBe(secrets.REDIS_SENTINEL_PASSWORD)
        expect(config.REDIS_SENTINEL_USERNAME).toBe('sentinel')
        const { sources } = podOf(rendered.guarded, component).spec.volumes[0].projected
        const secret = { name: 'valkey-users', items: [{ key: 'sentinel', path: 'REDIS_SENTINEL_PASSWORD' }] }
        expect(sources).toContainEqual({ secret })
      }
    })

    test('of a migration behind a pooler are the address of PostgreSQL itself, while pods have that of the pooler', () => {
      const secretOf = (pod: Fields) => pod.spec.volumes[0].projected.sources[0].secret
      const migration = podsOf(rendered.guarded).find(({ owner }) => owner.startsWith('Job/')) as { spec: Fields }
      expect(secretOf(migration)).toEqual({ name: 'qsm-db-app', items: [{ key: 'uri', path: 'DATABASE_URL' }] })
      expect(JSON.stringify(migration.spec)).not.toContain('DATABASE_POOLER')
      for (const [component, , read] of services) {
        expect(read(told(rendered.guarded, component)).DATABASE_POOLER).toBe('transaction')
        expect(secretOf(podOf(rendered.guarded, component)).name).not.toBe('qsm-db-app')
      }
    })

    test('of a migration before each pod are the address of the database, in a volume with no other secret', () => {
      for (const [component] of services) {
        const { initContainers, volumes } = podOf(rendered.full, component).spec
        const [migrate] = initContainers
        const mounted = migrate.volumeMounts.find(({ mountPath }: Fields) => `${mountPath}/` === secretFolder)
        const { projected } = volumes.find(({ name }: Fields) => name === mounted.name)
        expect(projected.sources.map(({ secret }: Fields) => secret.items)).toEqual([
          [{ key: 'database-url', path: 'DATABASE_URL' }],
        ])
        expect(volumes.map(({ name }: Fields) => name)).toEqual(['secrets', 'tmp', 'more', mounted.name])
      }
    })

    test('give the key-encryption key to quantum-crypto alone', () => {
      const holders = podsOf(rendered.minimal).filter(({ spec }) => JSON.stringify(spec).includes('QSM_KEK'))
      expect(holders.map(({ owner }) => owner)).toEqual(['Deployment/qsm-quantum-crypto'])
    })
  })
}

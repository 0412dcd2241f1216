import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { findHelm } from '../../scripts/tools/helm.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string): string => readFileSync(`${root}${name}`, 'utf8')

const names = readdirSync(`${root}k8s`).filter(name => name.endsWith('.yaml'))
const values = parse(read('charts/qsm/values.yaml'))

// biome-ignore lint/suspicious/noExplicitAny: what a file holds is what the tests look at
type Found = any

const objectsOf = (name: string): Found[] =>
  parseAllDocuments(read(`k8s/${name}`), { merge: true }).map(document => {
    expect(document.errors, name).toEqual([])
    return document.toJS()
  })
const objectOf = (name: string, kind: string): Found => objectsOf(name).find(object => object.kind === kind)

const withoutValue = (file: Found, known: Found, path: string): string[] => {
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return []
  const isOpen = typeof known !== 'object' || known === null || Object.keys(known).length === 0
  if (isOpen && path !== '') return []
  return Object.entries(file).flatMap(([key, value]) => {
    const here = path === '' ? key : `${path}.${key}`
    const ofComponent = /^components\.\w+$/.test(path) ? { ...values.defaults, ...known } : known
    return Object.hasOwn(ofComponent, key) ? withoutValue(value, ofComponent[key], here) : [here]
  })
}

describe('k8s/', () => {
  it.each(names)('%s begins with what it is for and the command that uses it', name => {
    expect(objectsOf(name).length).toBeGreaterThan(0)
    const [head = ''] = read(`k8s/${name}`).split(/^[^#]/m)
    expect(head).toMatch(/^# [A-Z]/)
    expect(head).toMatch(/^# {3}(kubectl|helm|kind|skaffold|openssl|npx) /m)
    const files = [...head.matchAll(/k8s\/[\w-]+\.yaml/g)].map(match => match[0].slice(4))
    expect(files).toContain(name === 'dev-sync-values.yaml' ? 'dev-values.yaml' : name)
    expect(files.filter(file => !names.includes(file))).toEqual([])
  })

  it('README.md names each file once', () => {
    const listed = [...read('k8s/README.md').matchAll(/^\| \[([\w-]+\.yaml)\]\(\1\)/gm)].map(match => match[1])
    expect(listed.toSorted()).toEqual(names.toSorted())
  })

  it('holds nothing that has another release or namespace than qsm, or an example host of its own', () => {
    const objects = names.filter(name => !name.endsWith('-values.yaml') && name !== 'kind.yaml').flatMap(objectsOf)
    const namespaces = objects.map(object => object.metadata.namespace).filter(namespace => namespace !== undefined)
    expect(new Set(namespaces)).toEqual(new Set(['qsm']))
    const hosts = names.flatMap(name => [...read(`k8s/${name}`).matchAll(/[\w.-]+\.example\.org/g)].map(String))
    expect(new Set(hosts)).toEqual(new Set(['chat.example.org']))
  })

  it('sets only values that the chart has', () => {
    for (const name of ['dev-values.yaml', 'dev-sync-values.yaml']) {
      expect(withoutValue(objectsOf(name)[0], values, ''), name).toEqual([])
    }
    expect(withoutValue({ components: { message: { replica: 1 }, web: {} } }, values, '')).toEqual([
      'components.message.replica',
      'components.web',
    ])
  })
})

describe('names that must agree with the chart', () => {
  it('the namespace asks for Pod Security restricted in all three ways', () => {
    const { labels } = objectOf('namespace.yaml', 'Namespace').metadata
    for (const mode of ['enforce', 'audit', 'warn']) {
      expect(labels[`pod-security.kubernetes.io/${mode}`]).toBe('restricted')
    }
  })

  it('CloudNativePG writes the Secret whose key the chart reads, and lets all pods connect during a rolling update', () => {
    const cluster = objectOf('cloudnative-pg.yaml', 'Cluster')
    expect(read('k8s/cloudnative-pg.yaml')).toContain(`database.existingSecret.name=${cluster.metadata.name}-app\n`)
    expect(values.database.existingSecret.urlKey).toBe('uri')
    const pods = Object.keys(values.components).length * (values.defaults.replicas + 1)
    const poolMax = Number(/^\| `DATABASE_POOL_MAX` \| `(\d+)`/m.exec(read('docs/reference/config.md'))?.[1])
    expect(Number(cluster.spec.postgresql.parameters.max_connections)).toBeGreaterThan(pods * poolMax + 10)
    const [plugin] = cluster.spec.plugins
    expect(plugin.parameters.barmanObjectName).toBe(objectOf('cloudnative-pg.yaml', 'ObjectStore').metadata.name)
    const backup = objectOf('cloudnative-pg.yaml', 'ScheduledBackup').spec
    expect([backup.cluster.name, backup.pluginConfiguration.name]).toEqual([cluster.metadata.name, plugin.name])
  })

  it('Valkey has the user, the rights, the Secret and the Service that the chart is told of', () => {
    const [valkey] = objectsOf('valkey-values.yaml')
    const [user] = Object.keys(valkey.auth.aclUsers)
    const text = read('k8s/valkey-values.yaml')
    expect(text).toContain(`redis.existingSecret.name=${valkey.auth.usersExistingSecret}`)
    expect(text).toContain(`redis.existingSecret.passwordKey=${user}\n`)
    expect(text).toContain(`redis.url=redis://${user}@${valkey.fullnameOverride}:6379`)
    expect(values.networkPolicy.redis.ports).toContain(6379)
    const [, rights] = /^ACL SETUSER qsm on >PASSWORD (.+)$/m.exec(read('docs/replicas.md')) ?? []
    expect(valkey.auth.aclUsers[user ?? ''].permissions).toBe(rights)
  })

  it('the certificate, its issuer, the Gateway and the namespaces that may reach the pods fit together', () => {
    const issuer = objectOf('cert-manager-issuer.yaml', 'ClusterIssuer')
    const gateway = objectOf('gateway.yaml', 'Gateway')
    const certificate = objectOf('gateway.yaml', 'Certificate')
    const [byIngress, byGateway] = issuer.spec.acme.solvers
    expect(certificate.spec.issuerRef.name).toBe(issuer.metadata.name)
    expect(certificate.metadata.labels).toMatchObject(byGateway.selector.matchLabels)
    expect(byGateway.http01.gatewayHTTPRoute.parentRefs[0].name).toBe(gateway.metadata.name)
    expect(gateway.spec.listeners[1].tls.certificateRefs[0].name).toBe(certificate.spec.secretName)
    expect(read('k8s/gateway.yaml')).toContain(`httpRoute.parentRefs[0].name=${gateway.metadata.name}`)
    for (const controller of [byIngress.http01.ingress.ingressClassName, gateway.spec.gatewayClassName]) {
      expect(values.networkPolicy.ingressNamespaces).toContain(controller)
    }
  })

  it('the adapter reads the metric that message pods have and that the chart scales by', () => {
    const [adapter] = objectsOf('prometheus-adapter-values.yaml')
    const [metric] = adapter.rules.custom[0].seriesQuery.split('{')
    expect(read('charts/qsm/templates/horizontalpodautoscaler.yaml')).toContain(`metric: { name: ${metric} }`)
    expect(read('docs/reference/metrics.md')).toContain(`| \`${metric}\` |`)
    const address = `${adapter.prometheus.url}:${adapter.prometheus.port}`
    expect(address).toBe(values.components.message.autoscaling.keda.serverAddress)
  })
})

const found = await findHelm()
const title = found.helm === null ? `the chart, by helm: not run, ${found.why}` : 'the chart, by helm'

describe.skipIf(!found.helm)(title, () => {
  const render = (...args: readonly string[]): Found[] => {
    const all = ['template', 'qsm', `${root}charts/qsm`, '--namespace', 'qsm', ...args]
    const { status, stdout, stderr } = spawnSync(found.helm ?? '', all, {
      encoding: 'utf8',
      cwd: root,
      timeout: 60_000,
    })
    expect([status, stderr]).toEqual([0, ''])
    return parseAllDocuments(stdout).map(document => document.toJS())
  }

  it('takes the values for development, and copies the code before each service, but not before the migration', () => {
    const objects = render('--values', 'k8s/dev-values.yaml', '--values', 'k8s/dev-sync-values.yaml')
    const withCopy = objects.filter(object => object?.spec?.template?.spec.initContainers?.[0]?.name === 'copy-code')
    expect(withCopy.map(({ kind }) => kind)).toEqual(['Deployment', 'Deployment', 'Deployment'])
    const job = objects.find(object => object?.kind === 'Job')
    expect(job.spec.template.spec.containers[0].volumeMounts.map(({ name }: { name: string }) => name)).toEqual([
      'secrets',
      'tmp',
    ])
  })

  it('makes no Secret where all are there already, so that neither upgrade nor rollback writes one', () => {
    const known = [
      'publicUrl=https://chat.example.org',
      'ingress.tls.clusterIssuer=letsencrypt',
      'secrets.existingSecret=qsm',
    ]
    const database = 'database.existingSecret.name=qsm-db-app'
    const redis =
      'redis.url=redis://default@qsm-valkey:6379,redis.existingSecret.name=qsm-valkey-users,redis.existingSecret.passwordKey=default'
    const objects = render(...[...known, database, redis].flatMap(value => ['--set', value]))
    expect(objects.filter(object => object?.kind === 'Secret')).toEqual([])
    expect(objects.filter(object => object?.kind === 'Deployment').length).toBe(3)
  })
})

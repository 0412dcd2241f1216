import { readFileSync } from 'node:fs'
import { authPodVariables } from '@qsm/auth'
import { messagePodVariables } from '@qsm/message'
import { quantumPodVariables } from '@qsm/quantum-crypto'
import { describeVariables } from '@qsm/server-kit'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findHelm } from '../../scripts/tools/helm.mjs'
import { templateChart } from '../../scripts/tools/helm-template.js'
import { base } from './cases.js'

const found = await findHelm()

type Values = Readonly<Record<string, unknown>>
const { database, redis, publicUrl } = base
const inSecret = { name: 's', urlKey: 'url' }
const development = { environment: 'development', publicUrl: 'http://chat.localhost' }
const dev = { ...development, dev: { enabled: true } }
const route = { ingress: { enabled: false }, httpRoute: { enabled: true, parentRefs: [{ name: 'g' }] } }

/** Values that do not fit together, and what the chart says of them: all of it where there are several faults. */
const contradictions: readonly (readonly [what: string, values: Values, messages: readonly string[]])[] = [
  [
    'nothing',
    {},
    ['publicUrl is where clients reach this installation', 'a PostgreSQL is needed', 'a Redis is needed'],
  ],
  [
    'an address with a path',
    { ...base, publicUrl: `${publicUrl}/chat` },
    ['without a path or a slash at the end: --set publicUrl=https://'],
  ],
  [
    'an address with a slash at its end',
    { ...base, publicUrl: `${publicUrl}/` },
    ['in small letters and without a path or a slash at the end'],
  ],
  [
    'a database of another kind',
    { ...base, database: { url: 'mysql://h/d' } },
    ['database.url must begin with postgresql://'],
  ],
  [
    'an address of Redis without its scheme',
    { ...base, redis: { url: 'h:6379' } },
    ['redis.url must begin with redis://'],
  ],
  ['a tag as a digest', { ...base, image: { digest: '0.1.0' } }, ['a tag belongs into image.tag']],
  [
    'a name that Kubernetes does not take',
    { ...base, fullnameOverride: 'My_Chat' },
    ['fullnameOverride becomes the name of objects'],
  ],
  [
    'two databases',
    { ...base, database: { url: 'postgresql://h/d', existingSecret: { name: 's' } } },
    ['database.url and database.existingSecret.name are both set: keep one'],
  ],
  [
    'a pooler over which it would migrate',
    { ...base, config: { DATABASE_POOLER: 'transaction' } },
    ['config.DATABASE_POOLER=transaction needs database.migrationSecret.name'],
  ],
  [
    'a Secret for Redis without a key',
    { ...base, redis: { existingSecret: { name: 's' } } },
    ['redis.existingSecret.name needs urlKey (the whole address) or passwordKey'],
  ],
  [
    'two addresses of Redis',
    { ...base, redis: { url: 'redis://h', existingSecret: inSecret } },
    ['redis.url and redis.existingSecret.urlKey both give an address: keep one'],
  ],
  [
    'a password of Redis without an address',
    { ...base, redis: { existingSecret: { name: 's', passwordKey: 'p' } } },
    ['redis.existingSecret.passwordKey needs redis.url'],
  ],
  [
    'a password of Redis without a Secret',
    { ...base, redis: { url: 'redis://h', existingSecret: { passwordKey: 'p' } } },
    ['redis.existingSecret.passwordKey needs redis.existingSecret.name'],
  ],
  [
    'a password of sentinels without any',
    { ...base, redis: { ...redis, existingSecret: { sentinelPasswordKey: 'p' } } },
    [
      'redis.existingSecret.sentinelPasswordKey needs redis.existingSecret.name',
      'redis.existingSecret.sentinelPasswordKey needs redis.sentinels',
    ],
  ],
  [
    'a user of sentinels without a password',
    { ...base, redis: { ...redis, sentinels: ['s:26379'], sentinelUsername: 'u' } },
    ['redis.sentinelUsername needs redis.existingSecret.sentinelPasswordKey'],
  ],
  [
    'two passwords of Redis',
    { ...base, redis: { url: 'redis://u:p@h', existingSecret: { name: 's', passwordKey: 'p' } } },
    ['redis.url has a password beside redis.existingSecret.passwordKey'],
  ],
  [
    'sentinels of a cluster',
    { ...base, redis: { ...redis, cluster: true, sentinels: ['s:26379'] } },
    ['redis.cluster and redis.sentinels exclude each other'],
  ],
  [
    'the small databases in production',
    { ...base, database: {}, redis: {}, dev: { enabled: true } },
    ['dev.enabled is for trying out and keeps nothing safe'],
  ],
  ['the small databases beside others', { ...dev, database }, ['dev.enabled brings its own PostgreSQL and Valkey']],
  [
    'an Ingress and an HTTPRoute',
    { ...base, httpRoute: route.httpRoute },
    ['ingress.enabled and httpRoute.enabled exclude each other'],
  ],
  [
    'an HTTPRoute without a Gateway',
    { ...base, ...route, httpRoute: { enabled: true } },
    ['httpRoute.parentRefs must name a Gateway'],
  ],
  ['https without a certificate', { ...base, ingress: {} }, ['publicUrl is https, so the Ingress needs a certificate']],
  [
    'two certificates',
    { ...base, ingress: { tls: { issuer: 'a', existingSecret: 'b' } } },
    ['of ingress.tls.existingSecret, .clusterIssuer and .issuer keep one'],
  ],
  [
    'a certificate for http',
    { ...dev, ingress: { tls: { issuer: 'a' } } },
    ['ingress.tls has a certificate, but publicUrl begins with http://'],
  ],
  [
    'http in production',
    { ...base, ingress: {}, publicUrl: 'http://chat.example.org' },
    ['publicUrl must be https in production'],
  ],
  [
    'two authorities for the test',
    { ...base, tests: { caConfigMap: 'a', caSecret: 'b' } },
    ['of tests.caConfigMap and tests.caSecret keep one'],
  ],
  [
    'more pods at least than at most',
    { ...base, components: { auth: { autoscaling: { enabled: true, minReplicas: 20 } } } },
    ['components.auth.autoscaling: minReplicas is more than maxReplicas'],
  ],
  [
    'KEDA without autoscaling',
    { ...base, components: { message: { autoscaling: { keda: { enabled: true } } } } },
    ['components.message.autoscaling.keda.enabled needs autoscaling.enabled=true'],
  ],
  [
    'no place for runbooks',
    { ...base, metrics: { prometheusRule: { enabled: true, runbookBaseUrl: '' } } },
    ['metrics.prometheusRule.runbookBaseUrl: say where'],
  ],
]

/** Names that people try, and where the chart says that they belong. */
const misplaced: readonly (readonly [path: string, values: Values, place: string])[] = [
  ['replicaCount', { replicaCount: 3 }, 'replicaCount is no value of this chart: use defaults.replicas'],
  ['replicas', { replicas: 3 }, 'replicas is no value of this chart: use defaults.replicas'],
  ['message', { message: { replicas: 3 } }, 'message is no value of this chart: use components.message'],
  ['publicURL', { publicURL: 'https://h' }, 'publicURL is no value of this chart: use publicUrl'],
  ['postgresql', { postgresql: { enabled: true } }, 'use database (bring your own), or dev.enabled'],
  ['env', { env: [] }, 'env is no value of this chart: use config, or defaults.extraEnv'],
  ['gateway', { gateway: {} }, 'use httpRoute'],
  [
    'config.JWT_SECRET',
    { config: { JWT_SECRET: 'x' } },
    'config.JWT_SECRET does not belong there: set secrets.existingSecret and .jwtSecretKey',
  ],
  [
    'defaults.config.DATABASE_URL',
    { defaults: { config: { DATABASE_URL: 'x' } } },
    'defaults.config.DATABASE_URL does not belong there: set database.existingSecret',
  ],
  [
    'components.quantumCrypto.config.QSM_KEK',
    { components: { quantumCrypto: { config: { QSM_KEK: 'x' } } } },
    'components.quantumCrypto.config.QSM_KEK does not belong there: set secrets.existingSecret and .kekKey',
  ],
  ['config.PORT', { config: { PORT: 80 } }, 'config.PORT does not belong there: the chart sets it'],
  [
    'defaults.extraEnv.JWT_SECRET',
    { defaults: { extraEnv: { JWT_SECRET: 'x' } } },
    'defaults.extraEnv.JWT_SECRET would stand readable in the pod: give it valueFrom.secretKeyRef',
  ],
  [
    'components.quantumCrypto.extraEnv.QSM_KEK_VAULT_TOKEN',
    { components: { quantumCrypto: { extraEnv: { QSM_KEK_VAULT_TOKEN: { value: 'x' } } } } },
    'components.quantumCrypto.extraEnv.QSM_KEK_VAULT_TOKEN would stand readable in the pod',
  ],
]

/** What the schema refuses before any template runs. */
const unknown: readonly (readonly [what: string, values: Values, message: string])[] = [
  ['a misspelt key', { ingres: {} }, "at '': additional properties 'ingres' not allowed"],
  [
    'a misspelt key deep within',
    { ingress: { tls: { clusterIsuer: 'x' } } },
    "at '/ingress/tls': additional properties 'clusterIsuer'",
  ],
  [
    'a misspelt key of a component',
    { components: { auth: { replica: 2 } } },
    "at '/components/auth': additional properties 'replica'",
  ],
  [
    'a component that does not exist',
    { components: { mesage: {} } },
    "at '/components': additional properties 'mesage'",
  ],
  [
    'a variable that no service reads',
    { config: { LOG_LEVL: 'debug' } },
    "at '/config': additional properties 'LOG_LEVL'",
  ],
  [
    'a variable of another service',
    { components: { auth: { config: { MAX_SOCKETS: 5 } } } },
    "at '/components/auth/config': additional properties 'MAX_SOCKETS'",
  ],
  ['a text for a number', { defaults: { replicas: 'two' } }, "at '/defaults/replicas': got string, want integer"],
  [
    'a word that is none of the choices',
    { migrations: { mode: 'hook' } },
    "at '/migrations/mode': value must be one of 'job', 'init', 'none'",
  ],
  [
    'a text with a second line, which would be a field of the pod',
    { defaults: { priorityClassName: 'high\nhostNetwork: true' } },
    "at '/defaults/priorityClassName': 'high\\nhostNetwork: true' does not match pattern",
  ],
  [
    'a second line in a list',
    { global: { imagePullSecrets: ['a\nhostNetwork: true'] } },
    "at '/global/imagePullSecrets/0': 'a\\nhostNetwork: true' does not match pattern",
  ],
  ['a number as a label', { global: { labels: { team: 5 } } }, "at '/global/labels/team': got number, want string"],
  [
    'a unit that Kubernetes does not know',
    { components: { message: { resources: { limits: { memory: '1GB' } } } } },
    "at '/components/message/resources/limits/memory': '1GB' does not match pattern",
  ],
  [
    'a field that resources do not have',
    { defaults: { resources: { limit: {} } } },
    "at '/defaults/resources': additional properties 'limit'",
  ],
]

test('each refusal of the templates has a case here', () => {
  const template = readFileSync('charts/qsm/templates/_validate.tpl', 'utf8')
  const written = [...template.matchAll(/append \$problems (?:\(printf )?"([^"]+)"/g)].map(match => match[1] ?? '')
  const expected = [...contradictions.flatMap(([, , messages]) => messages), ...misplaced.map(([, , place]) => place)]
  const fits = (text: string): boolean => {
    const longest = text.split('%s').sort((one, other) => other.length - one.length)[0] ?? ''
    return expected.some(message => message.includes(longest) || longest.includes(message))
  }
  expect(written.length).toBeGreaterThan(20)
  expect(written.filter(text => !fits(text))).toEqual([])
})

test('the chart knows of every secret variable that it is one', () => {
  const rows = [authPodVariables, messagePodVariables, quantumPodVariables].flatMap(set => describeVariables(set))
  const secret = new Set(rows.filter(row => row.secret).map(({ variable }) => variable))
  const { secrets } = parse(readFileSync('charts/qsm/files/elsewhere.yaml', 'utf8')) as { secrets: string[] }
  expect(secrets.toSorted()).toEqual([...secret].toSorted())
})

const title = found.helm === null ? `what the chart refuses: not run, ${found.why}` : 'the chart refuses'

describe.skipIf(found.helm === null)(title, () => {
  const refusal = async (values: Values): Promise<string> => {
    const result = await templateChart(found.helm ?? '', {
      name: 'qsm',
      namespace: 'qsm',
      values: JSON.stringify(values),
    })
    expect(result.code).not.toBe(0)
    return result.errors
  }

  test.each(contradictions)('%s, and says what to set instead', async (_what, values, messages) => {
    const text = await refusal(values)
    for (const message of messages) expect(text).toContain(message)
    const told = text.match(/^ {2}- /gm)?.length ?? 1
    expect(told).toBe(messages.length)
  })

  test.each(misplaced)('%s, and says where it belongs', async (_path, values, place) => {
    expect(await refusal({ ...base, ...values })).toContain(place)
  })

  test.each(unknown)('%s', async (_what, values, message) => {
    expect(await refusal({ ...base, ...values })).toContain(message)
  })

  test('nothing of what it needs at least', async () => {
    const values = JSON.stringify(base)
    expect(await templateChart(found.helm ?? '', { name: 'qsm', namespace: 'qsm', values })).toMatchObject({
      code: 0,
      errors: '',
    })
  })
})

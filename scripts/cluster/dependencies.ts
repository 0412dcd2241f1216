import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apply, command, kubectl, manifest, namespace, type Proof, say } from './proof.js'

const secretOf = (name: string, data: Readonly<Record<string, string>>, type = 'Opaque'): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, stringData: data })

/** Addresses with passwords, of a database besides the release's own. */
export interface Addresses {
  readonly database: string
  readonly redis: string
}

/** What an operator has before the chart comes: a namespace under `restricted`, PostgreSQL, Redis, a certificate. */
export const installDependencies = async (proof: Proof): Promise<Addresses> => {
  say(`namespace ${namespace}, PostgreSQL, Redis, a certificate`)
  await command('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s'])
  await command('kubectl', ['create', 'namespace', namespace])
  await command('kubectl', ['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
  const [postgresPassword, redisPassword] = [randomBytes(18).toString('hex'), randomBytes(18).toString('base64')]
  const file = (name: string) => readFileSync(join(proof.folder, name), 'utf8')
  await apply(secretOf('backing', { 'postgres-password': postgresPassword, 'redis-password': redisPassword }))
  // The forms in which CloudNativePG and the Valkey chart write them.
  await apply(secretOf('db-app', { uri: `postgresql://qsm:${postgresPassword}@postgres.${namespace}.svc:5432/qsm` }))
  await apply(secretOf('valkey', { default: redisPassword }))
  await apply(secretOf('tls', { 'tls.crt': file('tls.crt'), 'tls.key': file('tls.key') }, 'kubernetes.io/tls'))
  await apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca' },
      data: { 'ca.crt': file('ca.crt') },
    }),
  )
  await kubectl('apply', '--filename', manifest('dependencies.yaml'))
  await kubectl('rollout', 'status', 'statefulset/postgres', '--timeout=120s')
  await kubectl('rollout', 'status', 'deployment/redis', '--timeout=120s')
  await psql('CREATE DATABASE page')
  return {
    database: `postgresql://qsm:${postgresPassword}@postgres.${namespace}.svc:5432/page`,
    redis: `redis://:${encodeURIComponent(redisPassword)}@redis.${namespace}.svc:6379`,
  }
}

const psql = (statement: string): Promise<string> =>
  kubectl(
    ...['exec', 'postgres-0', '--', 'psql', '--host=/tmp', '--username=qsm', '--dbname=qsm', '--no-psqlrc'],
    ...['--tuples-only', '--no-align', '--command', statement],
  )

/** Rows of a statement on the proof's database, as JSON by psql within its pod. */
export const sql = async <Row>(statement: string): Promise<readonly Row[]> => {
  const text = await psql(`SELECT coalesce(json_agg(found), '[]') FROM (${statement}) found`)
  return JSON.parse(text) as Row[]
}

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, type Proof, readProof, until } from './proof.js'
import { NotRun } from './report.js'

const namespace = 'qsm-skaffold'
const root = fileURLToPath(new URL('../..', import.meta.url))

// The time of a program that is not there still keeps this process alive, so it is short.
const answerOf = (program: string, ...args: readonly string[]): Promise<string | null> =>
  command(program, args, { timeoutMs: 10_000 }).catch(() => null)

/** The program that is a Helm 3; skaffold 2.16 does not understand Helm 4. Null where there is none. */
const findHelm3 = async (): Promise<string | null> => {
  for (const program of [process.env.QSM_HELM3, 'helm3', 'helm']) {
    if (!program || !(await answerOf(program, 'version', '--short'))?.startsWith('v3.')) continue
    return program.includes('/') ? program : ((await answerOf('which', program))?.trim() ?? null)
  }
  return null
}

/** One GET through the ingress, by the host that the rule is for. Resolves with `STATUS BODY`. */
const get = (address: string, host: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: address, path, headers: { host }, timeout: 10_000 }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', text => {
        body += text
      })
      response.once('end', () => resolve(`${response.statusCode} ${body}`))
    })
    sent.once('timeout', () => sent.destroy(new Error(`${host}${path} does not answer within 10 s`)))
    sent.once('error', reject).end()
  })

/** What a cluster without a registry needs besides k8s/dev-values.yaml: a host, and images that are there. */
const valuesOf = (host: string): string =>
  JSON.stringify({
    publicUrl: `http://${host}`,
    dev: {
      postgresImage: 'localhost/postgres:15-debian',
      valkeyImage: 'localhost/redis:7-debian',
      valkeyCommand: 'redis-server',
    },
  })

/** A home of its own, with Helm 3 as the `helm` that skaffold finds, and nothing asked or sent. */
const environmentOf = (proof: Proof, helm3: string, host: string): Readonly<Record<string, string>> => {
  const home = join(proof.folder, 'skaffold')
  mkdirSync(join(home, 'bin'), { recursive: true })
  symlinkSync(helm3, join(home, 'bin/helm'))
  writeFileSync(join(home, 'values.yaml'), valuesOf(host))
  return {
    HOME: home,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    QSM_VALUES: join(home, 'values.yaml'),
    SKAFFOLD_INTERACTIVE: 'false',
    SKAFFOLD_UPDATE_CHECK: 'false',
  }
}

/**
 * Lets skaffold.yaml install the proof's image by its profile `ci` in a namespace of its own, asks /api/health through the
 * ingress over plain HTTP, and lets `skaffold delete` take it away. Resolves with what was seen. Rejects with `NotRun`
 * where there is no skaffold or no Helm 3.
 */
export const skaffoldRun = async (): Promise<string> => {
  const skaffold = process.env.SKAFFOLD ?? 'skaffold'
  if ((await answerOf(skaffold, 'version')) === null) {
    throw new NotRun('there is no skaffold: put it on the PATH or name it by SKAFFOLD')
  }
  const helm3 = await findHelm3()
  if (!helm3) throw new NotRun('skaffold needs Helm 3: put it on the PATH as helm3 or name it by QSM_HELM3')
  const proof = readProof()
  const host = `skaffold.${proof.host}`
  const env = environmentOf(proof, helm3, host)
  const call = (...args: readonly string[]) =>
    command(
      skaffold,
      [...args, '--filename', join(root, 'skaffold.yaml'), '--profile', 'ci', '--namespace', namespace],
      {
        env,
        timeoutMs: 400_000,
      },
    )
  const inNamespace = (...args: readonly string[]) => command('kubectl', ['--namespace', namespace, ...args])
  const remove = () => command('kubectl', ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s'])
  await remove()
  try {
    await call('deploy', '--images', `qsm=${proof.image}`)
    const pods = await inNamespace(
      ...['wait', 'pods', '--selector', 'app.kubernetes.io/component in (auth,message,quantum-crypto)'],
      ...['--for=condition=Ready', '--timeout=60s', '--output', 'name'],
    )
    let health = ''
    await until('/api/health is 200 and healthy', async () => {
      health = await get(proof.host, host, '/api/health')
      return health.startsWith('200 {"status":"healthy"')
    })
    await call('delete')
    const left = await inNamespace('get', 'deployments,statefulsets,services,ingresses', '--output', 'name')
    if (left !== '') throw new Error(`skaffold delete leaves ${left}`)
    return `${pods.trim().split('\n').length} pods ready, health ${health.slice(0, 60)}`
  } finally {
    await remove()
  }
}

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { command, kubectl, namespace, type Proof, until } from './proof.js'
import { NotRun } from './report.js'

const script = fileURLToPath(new URL('../../load-results/smoke.js', import.meta.url))
const job = fileURLToPath(new URL('../../k8s/k6-job.yaml', import.meta.url))
const pods = ['--selector', 'app.kubernetes.io/name=load-smoke']

/** The Job as its own first lines tell to make it, in the namespace of the proof and with an image that the node has. */
const manifestOf = async ({ host, k6Image }: Proof): Promise<string> => {
  const env = [`BASE_URL=https://${host}`, 'K6_INSECURE_SKIP_TLS_VERIFY=true']
  const input = readFileSync(job, 'utf8').replace(/^ {2}namespace: .*\n/m, '')
  const local = ['--local', '--filename', '-', '--output', 'yaml']
  const withTarget = await command('kubectl', ['set', 'env', ...local, ...env], { input })
  if (!k6Image) return withTarget
  return command('kubectl', ['set', 'image', ...local, `k6=${k6Image}`], { input: withTarget })
}

const conditionOf = (name: string, type: string): Promise<string> =>
  kubectl('get', name, '--output', `jsonpath={.status.conditions[?(@.type=="${type}")].status}`)

/** Runs k8s/k6-job.yaml within the cluster. Resolves with the last line of its log; throws with the log where it fails. */
export const k6Job = async (proof: Proof): Promise<string> => {
  if (proof.k6Image === null) throw new NotRun('there is no k6 for an image')
  await command('npm', ['run', '--silent', 'load', '--', '--bundle', 'smoke'])
  await kubectl('delete', 'configmap', 'load-smoke', '--ignore-not-found')
  await kubectl('create', 'configmap', 'load-smoke', `--from-file=${script}`)
  const created = await command('kubectl', ['--namespace', namespace, 'create', '--filename', '-'], {
    input: await manifestOf(proof),
  })
  const name = /job\.batch\/\S+/.exec(created)?.[0] ?? ''
  await until(
    `${name} ends`,
    async () => `${await conditionOf(name, 'Complete')}${await conditionOf(name, 'Failed')}` !== '',
  )
  const log = await kubectl('logs', ...pods, '--tail', '-1')
  if ((await conditionOf(name, 'Complete')) !== 'True') throw new Error(`the Job failed: ${log}`)
  return log.trim().split('\n').at(-1) ?? ''
}

// The proof itself, in the cluster's network: installs the chart and lets the cluster do to it what clusters do, while people
// talk through the ingress. Started by scripts/cluster.mjs. Ends with 1 where something was lost or does not work.
import { fileURLToPath } from 'node:url'
import { byConnections, byCpu, scaleOutAndIn, startRequests } from './autoscaling.js'
import { type Addresses, installDependencies } from './dependencies.js'
import { disturbances, whereToLook } from './disturbances.js'
import { dryRunExamples } from './examples.js'
import { throughGateway } from './gateway.js'
import { k6Job } from './k6-job.js'
import { secretsStay } from './kept-secret.js'
import { postQuantumOnly, probeNetwork } from './network-probes.js'
import { runPage } from './page.js'
import { hasPrometheus, installAdapter, type Prometheus, removeAdapter, startPrometheus } from './prometheus.js'
import { command, helm, kubectl, readProof, release, until } from './proof.js'
import { deployment, installRelease, rolledOut } from './release.js'
import { finish, notRun, step } from './report.js'
import { skaffoldRun } from './skaffold.js'
import { startTalking, whilePeopleTalk } from './talking.js'

const proof = readProof()
const url = `https://${proof.host}`
const script = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const only = process.argv.slice(2)
const isWanted = (name: string) => only.length === 0 || only.some(part => name.includes(part))
const wanted = async (name: string, act: () => Promise<string | undefined>) => {
  if (isWanted(name)) await step(name, act)
}
const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''

let addresses: Addresses | null = null

const withMonitoring = async (): Promise<void> => {
  if (!hasPrometheus) {
    notRun('Prometheus, alerts, scaling by connections', 'there is no prometheus (Debian package prometheus)')
    return
  }
  let prometheus: Prometheus | null = null
  const isThere = await step('Prometheus starts', async () => {
    prometheus = await startPrometheus(proof)
    return undefined
  })
  if (!isThere || !prometheus) return
  await monitored(prometheus)
}

const monitored = async (prometheus: Prometheus): Promise<void> => {
  try {
    await step('Prometheus scrapes every pod', async () => {
      await until('six targets are up', async () => (await prometheus.query('sum(up{job=~"qsm-.*"})')) === 6)
      return `${await prometheus.query('count({job=~"qsm-.*"})')} series`
    })
    await step('an alert follows a fault and its end', async () => {
      const alert = 'QsmQuantumServiceAway'
      await until(`${alert} is inactive`, async () => (await prometheus.alertState(alert)) === 'inactive')
      await kubectl('scale', deployment('quantum-crypto'), '--replicas=0')
      await until(`${alert} fires`, async () => (await prometheus.alertState(alert)) === 'firing')
      await kubectl('scale', deployment('quantum-crypto'), '--replicas=2')
      await rolledOut('quantum-crypto')
      await until(`${alert} ends`, async () => (await prometheus.alertState(alert)) === 'inactive')
      return alert
    })
    if (!proof.hasAdapter) {
      notRun('message scales by qsm_ws_connections', 'the node has no image localhost/prometheus-adapter:local')
      return
    }
    await step('message scales by qsm_ws_connections from 2 to 4 and back', async () => {
      const nodeIp = await command('kubectl', [
        ...['get', 'nodes', '--output', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}'],
      ])
      await installAdapter(nodeIp)
      try {
        const { outMs, inMs } = await scaleOutAndIn(proof, {
          name: 'connections',
          values: byConnections,
          async load() {
            const talk = await startTalking(proof, 36)
            return async () => {
              await talk.stop()
              await talk.close()
            }
          },
        })
        return `out in ${(outMs / 1_000).toFixed(0)} s, back in ${(inMs / 1_000).toFixed(0)} s`
      } finally {
        await removeAdapter()
      }
    })
  } finally {
    await prometheus.stop()
  }
}

await step('what the chart needs is there', async () => {
  addresses = await installDependencies(proof)
  return ''
})
await wanted('every command of docs/kubernetes.md', async () => {
  if (!addresses) throw new Error('there is no database')
  return `${await runPage(proof, addresses)} blocks`
})
await wanted('the API server takes every example of the chart', dryRunExamples)
const isInstalled = await step('helm install, until every pod is ready', async () => {
  await installRelease(proof)
  return `${(await kubectl('get', 'pods', '--selector', `app.kubernetes.io/instance=${release}`, '--no-headers')).trim().split('\n').length} pods`
})
if (isInstalled) {
  await wanted('helm test', async () => {
    await helm(['test', release, '--timeout', '180s'])
    return lastLine(await kubectl('logs', `${release}-test-talk`))
  })
  await wanted('an upgrade keeps the secrets that were drawn', () => secretsStay(proof))
  await wanted('TLS with X25519MLKEM768 only', () => postQuantumOnly(proof))
  await wanted('the demo by the command line', async () =>
    lastLine(await command(process.execPath, [script('demo.mjs'), '--url', url])),
  )
  await wanted('k6 smoke', async () =>
    lastLine(
      await command('npm', ['run', '--silent', 'load', '--', 'smoke'], {
        env: { BASE_URL: url, SSL_CERT_FILE: `${proof.folder}/ca.crt` },
      }),
    ),
  )
  await wanted('k6 smoke as a Job in the cluster', () => k6Job(proof))
  await wanted('NetworkPolicy', async () => {
    const results = await probeNetwork(proof)
    const wrong = results.filter(({ ok }) => !ok)
    if (wrong.length > 0) throw new Error(`not so: ${wrong.map(({ name }) => name).join('; ')}`)
    return `${results.length} probes`
  })
  for (const disturbance of disturbances) {
    if (disturbance.needsNext && !proof.next) {
      if (isWanted(disturbance.name)) notRun(disturbance.name, 'QSM_IMAGE_NEXT names no image of a next version')
      continue
    }
    await wanted(disturbance.name, () => whilePeopleTalk(proof, disturbance))
  }
  await wanted('message scales by CPU from 2 to 4 and back', async () => {
    const { outMs, inMs } = await scaleOutAndIn(proof, {
      name: 'CPU',
      values: byCpu,
      load: async () => startRequests(`${url}/api/health`, 8),
    })
    return `out in ${(outMs / 1_000).toFixed(0)} s, back in ${(inMs / 1_000).toFixed(0)} s`
  })
  await wanted('two people talk through a Gateway and an HTTPRoute', () => throughGateway(proof))
  await wanted('skaffold deploys by its profile ci', skaffoldRun)
  if (only.length === 0 || only.includes('monitoring')) await withMonitoring()
}
const isRight = finish()
if (!isRight) whereToLook()
process.exitCode = isRight ? 0 : 1

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from './certificate.mjs'
import { adapterImage, dependencyImages, makeImages } from './images.mjs'
import { findTools, hasPrograms, run, succeeds } from './tools.mjs'

const script = fileURLToPath(new URL('run.ts', import.meta.url))
/** What tells most in the least time. */
const shortSteps = [
  'helm test',
  'k6 smoke as a Job',
  'NetworkPolicy',
  'a pod of message',
  'helm upgrade',
  'helm rollback',
]
const host = process.env.QSM_CLUSTER_HOST ?? 'qsm.qsm.test'

/** How the proof itself is started: where the cluster has a network of its own, within that. */
const start = (command, args, env) =>
  new Promise(resolve => {
    const child = spawn(command, args, { stdio: 'inherit', env })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.once('exit', code => resolve(code ?? 1))
  })

/** Why there can be no proof here, or null. Programs that are not built yet are no reason unless `areBuilt` is asked for. */
const whyNot = (tools, areBuilt) => {
  const given = process.env.QSM_KUBECONFIG
  if (given && !process.env.QSM_IMAGE) {
    return 'QSM_IMAGE must name an image that this cluster can pull, such as ghcr.io/qsm/qsm:0.1.0'
  }
  if (given) return null
  if (!tools) {
    return 'there is no cluster: QSM_KUBECONFIG names one, or QSM_CLUSTER_TOOLS the programs that bring one up'
  }
  if (areBuilt && !hasPrograms()) {
    return `the programs of the cluster are not built yet, which takes half an hour: run ${join(tools, 'up')} once`
  }
  return null
}

const usage = `Usage: npm run test:cluster [-- --short | NAME ...]

  --short    installs, tests, kills a pod, upgrades and rolls back: a few minutes
  NAME       only the steps whose names hold one of these
  --why-not  says why there can be no proof here without half an hour of building, or nothing
`

/** `npm run test:cluster`. Resolves with the exit code. */
export const prove = async args => {
  const flags = args.filter(arg => arg.startsWith('--'))
  if (flags.some(flag => !['--short', '--why-not'].includes(flag))) {
    console.error(usage.trimEnd())
    return 2
  }
  const given = process.env.QSM_KUBECONFIG
  const tools = given ? null : findTools()
  const reason = whyNot(tools, flags.includes('--why-not'))
  if (flags.includes('--why-not')) {
    if (reason) console.log(reason)
    return 0
  }
  if (reason) {
    console.log(`not run: ${reason}`)
    return 0
  }
  const steps = flags.includes('--short') ? shortSteps : args
  const folder = mkdtempSync(join(tmpdir(), 'qsm-cluster-'))
  try {
    const { caFile } = makeCertificate(folder, host)
    if (tools) run(join(tools, 'up'), [])
    const images = tools ? makeImages(tools) : { image: process.env.QSM_IMAGE, next: process.env.QSM_IMAGE_NEXT }
    if (tools) {
      const made = [images.image, images.next, images.k6Image].filter(image => image !== null)
      run(join(tools, 'load-image'), [...made, ...dependencyImages])
    }
    const hasAdapter = tools ? succeeds(join(tools, 'load-image'), [adapterImage]) : false
    const env = {
      ...process.env,
      ...(given ? { KUBECONFIG: given } : {}),
      NODE_EXTRA_CA_CERTS: caFile,
      QSM_PROOF: JSON.stringify({ host, folder, hasAdapter, ...images }),
    }
    const node = [process.execPath, '--conditions=qsm-source', '--import', 'tsx', script, ...steps]
    return tools ? await start(join(tools, 'exec'), node, env) : await start(node[0], node.slice(1), env)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from './certificate.mjs'
import { dependencyImages, makeImages } from './images.mjs'
import { findTools, hasPrograms, run } from './tools.mjs'

const script = fileURLToPath(new URL('run.ts', import.meta.url))
const host = process.env.QSM_CLUSTER_HOST ?? 'qsm.qsm.test'

const notRun = reason => {
  console.log(`not run: ${reason}`)
  return 0
}

/** How the proof itself is started: where the cluster has a network of its own, within that. */
const start = (command, args, env) =>
  new Promise(resolve => {
    const child = spawn(command, args, { stdio: 'inherit', env })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
    child.once('exit', code => resolve(code ?? 1))
  })

/** `npm run test:cluster`. Resolves with the exit code. */
export const prove = async args => {
  const given = process.env.QSM_KUBECONFIG
  const tools = given ? null : findTools()
  if (!given && !tools) {
    return notRun('there is no cluster: QSM_KUBECONFIG names one, or QSM_CLUSTER_TOOLS the programs that bring one up')
  }
  if (tools && args.includes('--if-built') && !hasPrograms()) {
    return notRun('the programs of the cluster are not built yet, which takes half an hour: run its `up` once')
  }
  if (given && !process.env.QSM_IMAGE) {
    return notRun('QSM_IMAGE must name an image that this cluster can pull, such as ghcr.io/qsm/qsm:0.1.0')
  }
  const folder = mkdtempSync(join(tmpdir(), 'qsm-cluster-'))
  try {
    const { caFile } = makeCertificate(folder, host)
    const images = tools ? makeImages(tools) : { image: process.env.QSM_IMAGE, next: process.env.QSM_IMAGE_NEXT }
    if (tools) {
      run(join(tools, 'up'), [])
      run(join(tools, 'load-image'), [images.image, images.next, ...dependencyImages])
    }
    const env = {
      ...process.env,
      ...(given ? { KUBECONFIG: given } : {}),
      NODE_EXTRA_CA_CERTS: caFile,
      QSM_PROOF: JSON.stringify({ host, folder, ...images }),
    }
    const node = [
      process.execPath,
      '--conditions=qsm-source',
      '--import',
      'tsx',
      script,
      ...args.filter(arg => !arg.startsWith('--')),
    ]
    return tools ? await start(join(tools, 'exec'), node, env) : await start(node[0], node.slice(1), env)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

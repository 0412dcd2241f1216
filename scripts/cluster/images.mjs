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

/** Builds the image of this tree, and the next version's from it. */
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
  return { image, next }
}

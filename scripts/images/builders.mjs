import { spawnSync } from 'node:child_process'

const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Programs that build a Dockerfile, with a question that only an installation that can build answers. */
const known = [
  { command: 'docker', question: ['info'] },
  { command: 'podman', question: ['info'] },
  { command: 'buildah', question: ['info'] },
]

const nameOf = command => command.replace(/^.*\//, '')

/**
 * The program that builds: the one that IMAGE_BUILDER names, else the first that is here and answers. A program of
 * another name is taken for a script that understands the options of `buildah build`. Null where there is none.
 *
 * @param {Record<string, string | undefined>} environment
 * @returns {string | null}
 */
export const findBuilder = environment =>
  environment.IMAGE_BUILDER ?? known.find(({ command, question }) => runs(command, question))?.command ?? null

/**
 * The arguments for one image. Labels are options and no build arguments, so that they empty no cache. With `epoch`
 * (seconds) every file of the layers has that time, which docker takes from SOURCE_DATE_EPOCH.
 *
 * @param {string} builder
 * @param {{ target: string, tag: string, labels: Record<string, string>, epoch: number, nameOfBase?: string }} image
 */
export const buildArguments = (builder, { target, tag, labels, epoch, nameOfBase }) => {
  const name = nameOf(builder)
  return [
    ...(['docker', 'podman', 'buildah'].includes(name) ? ['build'] : []),
    // The OCI format has no health check.
    ...(name === 'docker' ? [] : ['--format', 'docker', '--timestamp', String(epoch)]),
    ...(nameOfBase ? ['--build-arg', `NODE_IMAGE=${nameOfBase}`] : []),
    ...Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]),
    ...['--target', target, '--tag', tag, '--file', 'Dockerfile', '.'],
  ]
}

/**
 * The size of an image in bytes, its layers unpacked; null where the program cannot be asked.
 *
 * @param {string} builder
 * @param {string} tag
 * @returns {number | null}
 */
export const imageBytes = (builder, tag) => {
  const commands = {
    docker: ['image', 'inspect', '--format', '{{.Size}}', tag],
    podman: ['image', 'inspect', '--format', '{{.Size}}', tag],
  }
  const question = commands[nameOf(builder)]
  if (!question) return null
  const { status, stdout } = spawnSync(builder, question, { encoding: 'utf8' })
  return status === 0 ? Number(stdout.trim()) : null
}

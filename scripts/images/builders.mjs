import { spawnSync } from 'node:child_process'

const runs = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Programs that build a Dockerfile; each answers `info` only where it can build. */
const known = ['docker', 'podman', 'buildah']

const nameOf = command => command.replace(/^.*\//, '')

/** Whether a program is docker, podman or buildah, and so has their other commands too. */
export const isKnown = command => known.includes(nameOf(command))

/** What to say where there is no builder. */
export const noBuilder =
  'Nothing here builds images. Install docker, podman or buildah, or set IMAGE_BUILDER to a program that does.'

/**
 * The program that builds: the one that IMAGE_BUILDER names, else the first that is here and answers. A program of
 * another name is taken for a script that understands the options of `buildah build`. Null where there is none.
 *
 * @param {Record<string, string | undefined>} environment
 * @returns {string | null}
 */
export const findBuilder = environment =>
  environment.IMAGE_BUILDER || (known.find(command => runs(command, ['info'])) ?? null)

/** How docker sends an image to its registry: every file with the time of SOURCE_DATE_EPOCH, and how it was built told. */
const pushed = ['--output', 'type=image,push=true,rewrite-timestamp=true', '--provenance', 'mode=max']

/**
 * The arguments for one image. Labels are options and no build arguments, so that they empty no cache.
 *
 * @param {string} builder
 * @param {{ target: string, tag: string, labels: Record<string, string>, epoch: number, base?: string, push?: boolean }} image
 *   `epoch`: seconds since 1970, the time of every file; docker reads it in SOURCE_DATE_EPOCH. `base`: instead of the
 *   base that the Dockerfile names. `push`: to the registry, by docker alone
 */
export const buildArguments = (builder, { target, tag, labels, epoch, base, push = false }) => {
  const name = nameOf(builder)
  if (push && name !== 'docker') throw new Error('Only docker pushes while it builds: set IMAGE_BUILDER=docker.')
  return [
    ...(isKnown(builder) ? ['build'] : []),
    // The OCI format has no health check.
    ...(name === 'docker' ? [] : ['--format', 'docker', '--timestamp', String(epoch)]),
    ...(push ? pushed : []),
    ...(base ? ['--build-arg', `NODE_IMAGE=${base}`] : []),
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
  if (!['docker', 'podman'].includes(nameOf(builder))) return null
  const { status, stdout } = spawnSync(builder, ['image', 'inspect', '--format', '{{.Size}}', tag], {
    encoding: 'utf8',
  })
  return status === 0 ? Number(stdout.trim()) : null
}

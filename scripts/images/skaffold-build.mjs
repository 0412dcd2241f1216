// What skaffold runs to build the image of the pods with any of the programs that `npm run images` knows. skaffold says
// by IMAGE which tag it wants and by PUSH_IMAGE whether it is to be pushed; then it asks the registry for what was pushed.
//   skaffold run --profile ci --default-repo registry.example.org/team
// Without a registry there is nobody for it to ask, not even where nothing was pushed, for then it asks docker. So build by
// hand, and let skaffold deploy what is there:
//   IMAGE=qsm:ci IMAGE_LOADER='kind load docker-image --name qsm' node scripts/images/skaffold-build.mjs
//   skaffold deploy --profile ci --images qsm=qsm:ci
// IMAGE_LOADER is a command that gets the tag as its last word and puts the image where the nodes find it: into them, or
// into the registry instead of the builder. IMAGE_BUILDER and NODE_IMAGE are those of docs/images.md.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildArguments, findBuilder, isKnown, noBuilder } from './builders.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { env } = process

const fail = (text, code = 1) => {
  console.error(text)
  process.exit(code)
}

const run = (command, args) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) fail(`${command} cannot be started: ${error.message}`)
  if (status !== 0) fail(`${command} ended with exit code ${status}. What it says stands above.`)
}

const tag = env.IMAGE
if (!tag) fail('IMAGE is not set. skaffold sets it; by hand: IMAGE=qsm:ci node scripts/images/skaffold-build.mjs', 2)
const builder = findBuilder(env)
if (builder === null) fail(noBuilder)

const base = env.NODE_IMAGE ? { base: env.NODE_IMAGE } : {}
run(
  builder,
  // One time for all files, so that the same sources give the same layers.
  buildArguments(builder, { target: 'qsm', tag, labels: {}, epoch: 0, ...base }),
)
if (env.IMAGE_LOADER) {
  const [command, ...args] = env.IMAGE_LOADER.split(' ').filter(word => word !== '')
  run(command, [...args, tag])
} else if (env.PUSH_IMAGE === 'true') {
  if (!isKnown(builder)) {
    fail(
      `${builder} is not known to push. Take docker, podman or buildah as IMAGE_BUILDER, or name a command that does as IMAGE_LOADER.`,
    )
  }
  run(builder, ['push', tag])
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alone } from './alone.mjs'
import { runQuietly } from './run-quietly.mjs'
import { SetupError, say, withBeat } from './step.mjs'

/** The two programs; the compiler builds what they refer to. */
const programs = ['services/standalone', 'packages/cli']

const foldersIn = (root, parent) =>
  readdirSync(join(root, parent), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(parent, entry.name))

/**
 * Path, size and time of every source and of the compiler's own records, which go when somebody removes `dist`. Looking
 * at these takes a hundredth of the time that the compiler needs to find out that it has nothing to do.
 */
const fingerprint = root => {
  const hash = createHash('sha256')
  const add = path => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    hash.update(`${path} ${stat?.size} ${stat?.mtimeMs}\n`)
  }
  add('tsconfig.base.json')
  add('node_modules/typescript/package.json')
  for (const folder of [...foldersIn(root, 'packages'), ...foldersIn(root, 'services'), 'wasm']) {
    for (const name of ['package.json', 'tsconfig.json', 'dist/tsconfig.tsbuildinfo']) add(join(folder, name))
    const names = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    for (const name of names.sort()) add(join(folder, 'src', name))
  }
  return hash.digest('hex')
}

const isBuilt = (root, stamp) => {
  try {
    return readFileSync(stamp, 'utf8') === fingerprint(root)
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}

const build = async (root, stamp) => {
  say('building; this takes about half a minute the first time')
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { code, output } = await withBeat('still building', () =>
    runQuietly(process.execPath, [compiler, '-b', ...programs], { cwd: root }),
  )
  if (code !== 0) throw new SetupError(`${output.trim()}\n\nThe build failed (tsc -b ended with ${code}).`)
  writeFileSync(stamp, fingerprint(root))
  say('built')
}

/** Compiles what is stale. Throws `SetupError` with what the compiler found. */
export const ensureBuilt = async root => {
  const stamp = join(root, 'node_modules', '.qsm-build')
  if (isBuilt(root, stamp)) return
  await alone(join(root, '.qsm-setup.lock'), async () => {
    if (!isBuilt(root, stamp)) await build(root, stamp)
  })
}

// What both commands need first: a fitting Node, the dependencies of the lockfile, and a build that is not stale.
// Plain Node, since nothing is installed yet when it runs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'node_modules', '.qsm-setup')
const sourceFolders = ['packages', 'services', 'wasm']

const say = text => console.error(`qsm  ${text}`)

/** Ends with what to do next. */
const fail = text => {
  console.error(`qsm  ${text}`)
  process.exit(1)
}

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(`Node ${process.versions.node} is too old: QSM needs 20.19 or newer. See https://nodejs.org.`)
}

const fingerprintOf = file => createHash('sha256').update(readFileSync(join(root, file))).digest('hex')
const wantedStamp = () => `${fingerprintOf('package-lock.json')} ${process.platform}-${process.arch}`

const install = () => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wantedStamp()) return
  const begun = performance.now()
  say('installing the dependencies of the lockfile (npm ci); half a minute or so')
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    : spawnSync('npm', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' })
  if (result.error) fail(`npm cannot be run (${result.error.message}). Install Node with npm and try again.`)
  if (result.status !== 0) fail('npm ci failed; what it said stands above. Is the registry reachable, is the disk full?')
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stamp, wantedStamp())
  say(`installed in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}

const newestBelow = (folder, wanted) => {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'test') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) newest = Math.max(newest, newestBelow(path, wanted))
    else if (wanted(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs)
  }
  return newest
}

const isSource = name => name.endsWith('.ts') || name === 'package.json' || name === 'tsconfig.json'
const built = join(root, 'node_modules', '.qsm-built')

const build = () => {
  const newest = Math.max(...sourceFolders.map(folder => newestBelow(join(root, folder), isSource)))
  const program = join(root, 'services', 'standalone', 'dist', 'src', 'main.js')
  if (existsSync(built) && existsSync(program) && statSync(built).mtimeMs > newest) return
  const begun = performance.now()
  say('building')
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const projects = ['packages/cli', 'services/standalone']
  const result = spawnSync(process.execPath, [compiler, '-b', ...projects], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status !== 0) fail('the build failed; the compiler says why above.')
  writeFileSync(built, '')
  say(`built in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}

/** Checks Node, installs what the lockfile says, builds what is stale. Asks nothing; silent when all is there. */
export const setUp = () => {
  checkNode()
  install()
  build()
}

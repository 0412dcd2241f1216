import { join } from 'node:path'
import { alone } from './alone.mjs'
import { isInstalled, markInstalled } from './installed.mjs'
import { runQuietly } from './run-quietly.mjs'
import { SetupError, say, withBeat } from './step.mjs'

/** What npm says in its own words, and what a person can do about it. */
const advice = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|network/i,
    'The package registry cannot be reached. The first start needs a network (or a registry set by "npm config set registry"); later ones do not.',
  ],
  [/ENOSPC|EDQUOT|no space left/i, 'The disk is full. The packages need about 500 MB; make room and start again.'],
  [
    /EACCES|EPERM|EROFS|permission denied/i,
    'This user may not write here. Start as the owner of this folder, or clone it again as this user.',
  ],
  [
    /EUSAGE|can only install packages when/i,
    'package.json and package-lock.json do not fit each other. Take both as they are in the repository (git checkout package.json package-lock.json), or run "npm install" after a change.',
  ],
  [/EINTEGRITY/, 'A package is not the one that package-lock.json names. Run "npm cache verify" and start again.'],
  [/EBADENGINE/, 'This Node or npm is not one that a package runs on.'],
]

/** The npm that runs this script, else the one on the PATH. */
const npm = () => {
  const running = process.env.npm_execpath
  if (running?.endsWith('.js')) return { command: process.execPath, args: [running], shell: false }
  return { command: 'npm', args: [], shell: process.platform === 'win32' }
}

const install = async root => {
  say('installing what package-lock.json names (npm ci); this takes about a minute, once')
  const { command, args, shell } = npm()
  const { code, output } = await withBeat('still installing', () =>
    runQuietly(
      command,
      [...args, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: root, shell },
    ),
  )
  if (code === 'ENOENT') {
    throw new SetupError(
      'npm is not there. It comes with Node (https://nodejs.org); some systems have it as a package of its own.',
    )
  }
  if (code !== 0) {
    const [, hint] = advice.find(([sign]) => sign.test(output)) ?? [null, 'What npm said stands above.']
    throw new SetupError(`${output.trim()}\n\nThe installation failed (npm ci ended with ${code}). ${hint}`)
  }
  markInstalled(root)
  say('installed')
}

/** Installs the packages unless node_modules fits the lockfile. Throws `SetupError`. */
export const ensureInstalled = async root => {
  if (isInstalled(root)) return
  await alone(join(root, '.qsm-setup.lock'), async () => {
    if (!isInstalled(root)) await install(root)
  })
}

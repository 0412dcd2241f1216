// npm run bench:start: how long "npm start" takes on a fresh clone of the last commit, and again after that. Prints a
// table; asserts nothing. The first start installs from the package registry, so its time is also that of the network.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stopProgram } from './processes.js'

const laterStarts = 5
const pollMs = 5
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-start-'))
const clone = join(folder, 'qsm')

const isServing = (url: string): Promise<boolean> =>
  fetch(`${url}/api/health`).then(
    ({ ok }) => ok,
    () => false,
  )

/** Resolves with the address that the server says, ends with what it said where it does not come up. */
const addressOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', data => {
      said += String(data)
      const address = /main application +(http:\S+)/.exec(said)?.[1]
      if (address) resolve(address)
    })
    child.once('exit', code => reject(new Error(`npm start ended with ${code}:\n${said}`)))
  })

/** Seconds from the command until the health of the main application is 200. */
const timeStart = async (): Promise<number> => {
  const begun = performance.now()
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...process.env, PORT: '0', QUANTUM_PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const address = await addressOf(child)
  while (!(await isServing(address))) await wait(pollMs)
  const seconds = (performance.now() - begun) / 1_000
  await stopProgram(child)
  return seconds
}

try {
  execFileSync('git', ['clone', '--quiet', root, clone])
  const first = await timeStart()
  const later: number[] = []
  for (let start = 0; start < laterStarts; start += 1) later.push(await timeStart())
  later.sort((a, b) => a - b)
  console.log(`\n${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)
  console.log('| npm start | seconds until /api/health answers |\n|---|---|')
  console.log(`| first, on a fresh clone (installs and builds) | ${first.toFixed(1)} |`)
  console.log(`| later, median of ${laterStarts} | ${later[Math.floor(laterStarts / 2)]?.toFixed(1)} |`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.mjs'

const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo')

/** Where cargo keeps what it downloaded; null when this crate is not there. */
const downloaded = ({ name, version }) => {
  const cache = join(cargoHome, 'registry/cache')
  const file = `${name}-${version}.crate`
  try {
    const folder = readdirSync(cache).find(entry => readdirSync(join(cache, entry)).includes(file))
    return folder === undefined ? null : join(cache, folder, file)
  } catch {
    return null
  }
}

/** Lets cargo download the crate alone: it does so to show its description. */
const download = crate => {
  const empty = mkdtempSync(join(tmpdir(), 'qsm-crate-'))
  try {
    run('cargo', ['info', '--quiet', `${crate.name}@${crate.version}`], {
      cwd: empty,
      cure: 'Install Rust 1.82 or newer (https://rustup.rs), which brings cargo.',
    })
  } finally {
    rmSync(empty, { recursive: true })
  }
  const file = downloaded(crate)
  if (file === null) throw new Error(`cargo left no ${crate.name} ${crate.version} in ${cargoHome}/registry/cache.`)
  return file
}

/** Unpacks the crate into `folder` and gives the path of its top. Throws unless its SHA-256 is the pinned one. */
export const unpackCrate = (crate, folder) => {
  const file = downloaded(crate) ?? download(crate)
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  if (sha256 !== crate.sha256) {
    throw new Error(`The SHA-256 of ${file} is ${sha256}, not ${crate.sha256}. Remove the file and run this again.`)
  }
  mkdirSync(folder, { recursive: true })
  run('tar', ['-xzf', file, '-C', folder], { cure: 'Install tar.' })
  return join(folder, `${crate.name}-${crate.version}`)
}

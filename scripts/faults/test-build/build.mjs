import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { patches } from './patches.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const service = join(root, 'services/message')
const plantedSource = fileURLToPath(new URL('planted.mjs', import.meta.url))
/** Below node_modules, so that what it imports is found. */
const cache = join(root, 'node_modules/.cache')

/** Puts `patches` into a source. Throws where one does not fit exactly once: the source has changed. */
export const patch = (file, source, changes) => {
  let text = source
  for (const { find, replace } of changes) {
    const [before, after, ...more] = text.split(find)
    if (after === undefined || more.length > 0) {
      throw new Error(
        `${file}: this stands there ${after === undefined ? 'nowhere' : 'more than once'}, so the test build needs another patch (scripts/faults/test-build/patches.mjs):\n${find}`,
      )
    }
    text = before + replace + after
  }
  return text
}

const patchedModules = () =>
  Object.entries(patches).map(([file, changes]) => {
    const text = patch(file, readFileSync(join(service, 'src', file), 'utf8'), changes)
    const toPlanted = `./${relative(dirname(file), 'planted.mjs')}`
    const { code } = transformSync(`import * as planted from '${toPlanted}'\n${text}`, {
      loader: 'ts',
      format: 'esm',
      target: 'es2023',
    })
    return { path: join('dist/src', file.replace(/\.ts$/, '.js')), code }
  })

const fingerprint = modules => {
  const hash = createHash('sha256')
  const names = readdirSync(join(service, 'dist/src'), { recursive: true, encoding: 'utf8' })
  for (const name of names.filter(name => name.endsWith('.js')).sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(service, 'dist/src', name)))
  }
  for (const { path, code } of modules) hash.update(`\0${path}\0${code}`)
  return hash.update(readFileSync(plantedSource)).digest('hex').slice(0, 16)
}

/**
 * Makes the test build of the message pod: the built one, in which some modules are their sources with the patches. To be
 * called when everything is built. Returns its folder; the program is `dist/src/main.js`.
 */
export const makeTestBuild = () => {
  const modules = patchedModules()
  const folder = join(cache, `qsm-test-build-${fingerprint(modules)}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, 'qsm-test-build-unfinished-'))
  cpSync(join(service, 'package.json'), join(unfinished, 'package.json'))
  cpSync(join(service, 'dist/src'), join(unfinished, 'dist/src'), { recursive: true })
  for (const { path, code } of modules) writeFileSync(join(unfinished, path), code)
  cpSync(plantedSource, join(unfinished, 'dist/src/planted.mjs'))
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    // Another process was quicker: what it made is the same.
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

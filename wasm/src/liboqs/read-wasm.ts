import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { AlgorithmLoadError } from '../errors.js'
import { libraryName, libraryVersion, type PinnedModule } from './pinned-modules.js'

const remedy = 'Stop the program, remove node_modules and install again with npm ci.'

/** The package exports no path to these files, so the places where Node would look for it are tried. */
const installedFolder = (): string => {
  const places = createRequire(import.meta.url).resolve.paths(libraryName) ?? []
  const folder = places.map(place => join(place, libraryName, 'dist')).find(path => existsSync(path))
  if (folder === undefined) throw new AlgorithmLoadError(`${libraryName} is not installed. ${remedy}`)
  return folder
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r' }

/** The scripts hold the module as a string literal, one character for each byte. Empty when there is none. */
const wasmInScript = (script: string): Buffer => {
  const start = script.indexOf("'\0asm")
  const [, literal = ''] = start < 0 ? [] : (/^'((?:[^'\\]|\\.)*)'/s.exec(script.slice(start)) ?? [])
  return Buffer.from(
    literal.replaceAll(/\\(.)/gs, (_, escaped: string) => escapes[escaped] ?? escaped),
    'latin1',
  )
}

/**
 * The WASM of one algorithm out of the installed package. The bytes that are returned are those that were hashed; the
 * script around them is only read, never run. Throws `AlgorithmLoadError` unless they are the pinned ones.
 */
export const readPinnedWasm = async (
  pinned: PinnedModule,
  folder = installedFolder(),
): Promise<Buffer<ArrayBuffer>> => {
  const script = await readFile(join(folder, pinned.file), 'utf8').catch((cause: Error) => {
    throw new AlgorithmLoadError(`${pinned.algorithm} cannot be read: ${cause.message}. ${remedy}`, { cause })
  })
  const wasm = wasmInScript(script)
  const sha256 = createHash('sha256').update(wasm).digest('hex')
  if (sha256 !== pinned.sha256) {
    throw new AlgorithmLoadError(
      `The WASM of ${pinned.algorithm} is not the one of ${libraryName} ${libraryVersion} that was tested: its SHA-256 is ` +
        `${sha256}, not ${pinned.sha256}. ${remedy}`,
    )
  }
  return wasm as Buffer<ArrayBuffer>
}

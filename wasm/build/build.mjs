// npm run build:wasm [-- --check]: makes wasm/modules, and src/built/modules.generated.ts, out of the crate and wasm/build/c.
// With --check nothing is written; the exit code is 1 when what is committed is not what comes out.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileModule, requireCompiler } from './compile.mjs'
import { unpackCrate } from './crate.mjs'
import { crate, modules } from './modules.mjs'
import { checksums, embedding, provenance, sha256 } from './provenance.mjs'

const target = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Texts and bytes by path in `wasm`. */
const makeFiles = folder => {
  const crateFolder = unpackCrate(crate, folder)
  const built = modules.map(module => ({
    ...module,
    bytes: compileModule(module, crateFolder, join(folder, module.name)),
  }))
  return new Map([
    ...built.map(({ name, bytes }) => [`modules/${name}.wasm`, bytes]),
    ...modules.map(({ name, from, licence }) => [
      `modules/licences/${name}.txt`,
      readFileSync(join(crateFolder, from, licence)),
    ]),
    ['modules/SHA256SUMS', Buffer.from(checksums(built))],
    ['modules/PROVENANCE.md', Buffer.from(provenance(built))],
    ['src/built/modules.generated.ts', Buffer.from(embedding(built))],
  ])
}

const committed = path => {
  try {
    return readFileSync(join(target, path))
  } catch {
    return Buffer.alloc(0)
  }
}

const check = files => {
  const differing = [...files].filter(([path, bytes]) => !bytes.equals(committed(path)))
  for (const [path, bytes] of differing) {
    console.error(`wasm/${path}: ${sha256(bytes)} was made, ${sha256(committed(path))} is committed`)
  }
  if (differing.length > 0) console.error('Make them with npm run build:wasm and commit the result.')
  process.exitCode = differing.length > 0 ? 1 : 0
}

const write = files => {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), bytes)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'qsm-wasm-'))
try {
  requireCompiler()
  const files = makeFiles(folder)
  for (const [path, bytes] of files) console.log(`${sha256(bytes)}  ${path}`)
  if (process.argv.includes('--check')) check(files)
  else write(files)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

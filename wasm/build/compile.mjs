import { mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.mjs'

const ownSources = join(dirname(fileURLToPath(import.meta.url)), 'c')

export const compilerVersion = '19.1.7'
const cure = `Take clang-19 and lld-19 ${compilerVersion} of Debian 12: apt-get install clang-19 lld-19.`

/** Vectors of 128 bits are part of WebAssembly 2.0. Nothing relaxed: its results may differ from machine to machine. */
const features = ['-msimd128', '-mnontrapping-fptoint', '-mbulk-memory', '-msign-ext']
/** Products and sums must not melt into one operation: that would round once instead of twice. */
const flags = ['-O3', '-std=c17', '-ffreestanding', '-nostdlibinc', '-ffunction-sections', '-ffp-contract=off']
/** For sources that modules.mjs names: the compiler's own limit is an eighth of it. */
const inlining = ['-mllvm', '-inline-threshold=2000']
/** The stack comes first, so that one that overflows traps. Its size stands in modules.mjs. */
const linked = ['--no-entry', '--gc-sections', '--strip-all', '--stack-first']

export const inliningOptions = inlining.join(' ')
export const compilerOptions = [...flags, ...features].join(' ')
export const linkerOptions = linked.join(' ')

/** Throws unless the compiler is the one that made the committed modules. */
export const requireCompiler = () => {
  const [first] = run('clang-19', ['--version'], { cure }).split('\n')
  if (!first.includes(compilerVersion)) throw new Error(`${first} would make other bytes. ${cure}`)
}

/**
 * Compiles one module of modules.mjs in `folder` from the unpacked crate and gives its bytes. They do not depend on where the
 * folders lie: no path gets into them.
 */
export const compileModule = (module, crateFolder, folder) => {
  mkdirSync(folder, { recursive: true })
  const from = join(crateFolder, module.from)
  const headers = [join(ownSources, 'include'), join(ownSources, module.headers), from].map(path => `-I${path}`)
  const defines = module.defines.map(define => `-D${define}`)
  const options = ['--target=wasm32-unknown-unknown', ...flags, ...features, ...defines, ...headers]
  const units = [
    ...module.sources.map(name => [join(from, name), ...(module.inlined.includes(name) ? inlining : [])]),
    ...module.ours.map(name => [join(ownSources, name), '-Wall', '-Wextra', '-Werror']),
  ]
  const objects = units.map(([source, ...own], index) => {
    const object = `${index}-${basename(source, '.c')}.o`
    run('clang-19', [...options, ...own, '-c', source, '-o', object], { cwd: folder, cure })
    return object
  })
  const exported = ['__stack_pointer', ...module.places].map(name => `--export=${name}`)
  const stack = ['-z', `stack-size=${module.stackBytes}`]
  run('wasm-ld-19', [...linked, ...stack, ...exported, ...objects, '-o', 'module.wasm'], { cwd: folder, cure })
  return readFileSync(join(folder, 'module.wasm'))
}

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kemModule, signerModule } from '../../wasm/src/liboqs/pinned-modules.js'

const root = new URL('../../', import.meta.url)
const load = async <T>(name: string): Promise<T> => (await import(new URL(`scripts/images/${name}`, root).href)) as T
const { slim } = await load<{ slim(root: string): void }>('slim.mjs')
const { folders, onlyFiles } = await load<{
  readonly folders: readonly string[]
  readonly onlyFiles: Readonly<Record<string, readonly string[]>>
}>('left-out.mjs')

let tree = ''
const write = (path: string, text = ''): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), text)
}
const filesLeft = (): readonly string[] =>
  readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(tree.length + 1))
    .sort()

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'qsm-slim-'))
  write('package.json', JSON.stringify({ workspaces: ['packages/*', 'wasm'] }))
  write('packages/server-kit/package.json', '{}')
  write('wasm/package.json', '{}')
  mkdirSync(join(tree, 'node_modules/@qsm'), { recursive: true })
  symlinkSync('../../packages/server-kit', join(tree, 'node_modules/@qsm/server-kit'))
})
afterEach(() => rmSync(tree, { recursive: true }))

describe('the slimming of a production tree', () => {
  it('leaves the compiled code and the descriptions of the workspaces that are installed', () => {
    for (const name of ['src/log.ts', 'dist/src/log.js', 'dist/src/log.d.ts', 'dist/src/log.js.map', 'tsconfig.json']) {
      write(`packages/server-kit/${name}`)
    }
    write('packages/server-kit/modules/licences/some.txt')
    write('packages/cli/dist/src/main.js')
    write('packages/cli/package.json', '{}')
    write('scripts/images/slim.mjs')
    slim(tree)
    expect(filesLeft()).toEqual([
      'package.json',
      'packages/server-kit/dist/src/log.js',
      'packages/server-kit/modules/licences/some.txt',
      'packages/server-kit/package.json',
    ])
    expect(existsSync(join(tree, 'node_modules/@qsm/server-kit/package.json'))).toBe(true)
  })

  it('leaves every licence, of the kinds of files that go too', () => {
    for (const name of ['LICENSE', 'LICENSE.md', 'license.d.ts', 'NOTICE', 'README.md', 'index.js']) {
      write(`node_modules/some/${name}`)
      write(`node_modules/swagger-ui-dist/${name}`)
    }
    slim(tree)
    const licences = ['LICENSE', 'LICENSE.md', 'NOTICE', 'license.d.ts']
    const left = filesLeft().filter(path => path.startsWith('node_modules/'))
    expect(left).toEqual([
      ...[...licences.slice(0, 3), 'index.js', 'license.d.ts'].map(name => `node_modules/some/${name}`),
      ...licences.map(name => `node_modules/swagger-ui-dist/${name}`),
    ])
  })

  it("takes npm's notes, which name the registry of the build", () => {
    write('node_modules/.package-lock.json')
    slim(tree)
    expect(filesLeft()).not.toContain('node_modules/.package-lock.json')
  })

  it('refuses a tree without its dependencies and says what to do', () => {
    rmSync(join(tree, 'node_modules'), { recursive: true })
    expect(() => slim(tree)).toThrow('npm ci --omit=dev')
  })
})

describe('what is left out', () => {
  it('names folders and files that the installed packages have', () => {
    for (const folder of folders) expect(existsSync(new URL(`node_modules/${folder}`, root)), folder).toBe(true)
    for (const [name, files] of Object.entries(onlyFiles)) {
      for (const file of files) expect(existsSync(new URL(`node_modules/${name}/${file}`, root)), file).toBe(true)
    }
  })

  it('keeps of liboqs the modules that are loaded', () => {
    for (const { file } of [kemModule, signerModule]) expect(onlyFiles['@oqs/liboqs-js']).toContain(`dist/${file}`)
  })

  it('keeps of Swagger UI the files that are served', () => {
    const source = readFileSync(new URL('packages/server-kit/src/http/documents.ts', root), 'utf8')
    const served = [...source.matchAll(/asset\(\w+, '([^']+)'\)/g)].map(([, name]) => name)
    expect(served.length).toBeGreaterThan(1)
    expect(onlyFiles['swagger-ui-dist']).toEqual(expect.arrayContaining(served))
  })
})

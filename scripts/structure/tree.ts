import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOnly } from './code-only.js'
import { type Import, importsOf } from './imports.js'

/** Something that is against a rule, in words that say what to do. */
export interface Problem {
  readonly path: string
  readonly line: number
  readonly rule: string
  readonly message: string
}

export interface TextFile {
  /** From the root, with "/". */
  readonly path: string
  readonly text: string
}

export interface CodeFile extends TextFile {
  readonly code: string
  readonly imports: readonly Import[]
  /** `packages/client`, `services/auth`, `wasm`; null for scripts and tests of the whole. */
  readonly workspace: string | null
  readonly kind: 'source' | 'test' | 'script'
}

const notWritten = new Set(['node_modules', 'dist', 'coverage', '.git', '.data'])
const textEndings =
  /(?:\.(?:[cm]?[jt]s|json|md|ya?ml|sh|sql|toml|txt)|(?:^|\/)(?:run|\.npmrc|\.editorconfig|\.gitattributes|\.gitignore))$/
const codeEndings = /\.(?:[cm]?[jt]s)$/

const pathsBelow = (root: string, folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return notWritten.has(entry.name) ? [] : pathsBelow(root, path)
    return entry.isFile() && textEndings.test(path) ? [path] : []
  })

/** Every text of the repository that people write: of vectors only the pages that explain them. */
export const readTexts = (root: string): readonly TextFile[] =>
  pathsBelow(root, '')
    .filter(path => !/(?:^|\/)vectors\/(?!.*\.md$)/.test(path))
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))

const workspaceOf = (path: string): string | null =>
  /^(?:(?:packages|services)\/[^/]+|wasm)(?=\/)/.exec(path)?.[0] ?? null

const kindOf = (path: string): CodeFile['kind'] => {
  if (/(?:^|\/)tests?\/|\.test\.ts$/.test(path) && !path.startsWith('scripts/')) return 'test'
  return path.startsWith('scripts/') || workspaceOf(path) === null ? 'script' : 'source'
}

export const codeFilesOf = (texts: readonly TextFile[]): readonly CodeFile[] =>
  texts
    .filter(({ path }) => codeEndings.test(path) && !path.includes('.generated.'))
    .map(({ path, text }) => {
      const code = codeOnly(text)
      return { path, text, code, imports: importsOf(text, code), workspace: workspaceOf(path), kind: kindOf(path) }
    })

/** Whether a path is one of `patterns`: one that ends in "/" means all below it, "*" is any one name. */
export const isIn = (path: string, patterns: readonly string[]): boolean =>
  patterns.some(pattern => {
    const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
    return new RegExp(`^${source}${pattern.endsWith('/') ? '' : '$'}`).test(path)
  })

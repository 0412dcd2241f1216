import { dirname, posix } from 'node:path'
import { beforeInstall, isomorphic, layers, owners } from './rules.js'
import { type CodeFile, isIn, type Problem } from './tree.js'

type Finding = Pick<Problem, 'rule' | 'message'>

const nameOf = (workspace: string): string => workspace.slice(workspace.lastIndexOf('/') + 1)

const libraryOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

const ofRelative = (file: CodeFile, specifier: string): readonly Finding[] => {
  const findings: Finding[] = []
  if (!/\.(?:[cm]?js|json)$/.test(specifier)) {
    const right = `${specifier.replace(/\.ts$/, '')}.js`
    findings.push({ rule: 'import ending', message: `"${specifier}" does not end in .js: write "${right}"` })
  }
  const target = posix.join(dirname(file.path), specifier)
  if (file.kind === 'source' && file.workspace && !target.startsWith(`${file.workspace}/`)) {
    findings.push({
      rule: 'layers',
      message: `"${specifier}" leaves ${file.workspace}: import the package by its name`,
    })
  }
  return findings
}

const ofWorkspace = ({ workspace }: CodeFile, specifier: string): readonly Finding[] => {
  const rule = 'layers'
  if (/^@qsm\/[^/]+\/(?:src|dist)(?:\/|$)/.test(specifier)) {
    return [{ rule, message: `"${specifier}" reaches into a package: import what its package.json exports` }]
  }
  const layer = layers[workspace ?? '']
  const name = specifier.split('/')[1] ?? ''
  if (!layer || name === nameOf(workspace ?? '') || layer.may.includes(name)) return []
  return [{ rule, message: `${workspace} may not import @qsm/${name}: ${layer.instead}` }]
}

const ofLibrary = (file: CodeFile, specifier: string): readonly Finding[] => {
  const rule = 'library owner'
  const library = libraryOf(specifier)
  const owner = Object.hasOwn(owners, library) ? owners[library] : undefined
  if (!owner) {
    const message = `${library} has no owner: do without it, or give it one place in scripts/structure/rules.ts`
    return [{ rule, message }]
  }
  if (isIn(file.path, owner.where)) return []
  return [{ rule, message: `${library} belongs to ${owner.where.join(' and ')}: use ${owner.instead}` }]
}

const ofBuiltIn = (file: CodeFile, specifier: string): readonly Finding[] => {
  if (isIn(file.path, isomorphic)) {
    const message = `${file.workspace} runs in browsers: no "${specifier}"; let it be handed in`
    return [{ rule: 'isomorphic', message }]
  }
  if (specifier !== 'node:process') return []
  return [{ rule: 'environment', message: 'node:process hides the environment: use the global process' }]
}

const findingsOf = (file: CodeFile, specifier: string): readonly Finding[] => {
  if (specifier.startsWith('.')) return ofRelative(file, specifier)
  const builtIn = specifier.startsWith('node:')
  if (!builtIn && isIn(file.path, beforeInstall)) {
    const message = `"${specifier}" is not there before the installation: use what Node has`
    return [{ rule: 'before install', message }]
  }
  if (file.kind !== 'source') return []
  if (builtIn) return ofBuiltIn(file, specifier)
  return specifier.startsWith('@qsm/') ? ofWorkspace(file, specifier) : ofLibrary(file, specifier)
}

/** Who imports whom, and which library. */
export const checkImports = (files: readonly CodeFile[]): readonly Problem[] =>
  files.flatMap(file =>
    file.imports.flatMap(({ specifier, line }) =>
      findingsOf(file, specifier).map(finding => ({ path: file.path, line, ...finding })),
    ),
  )

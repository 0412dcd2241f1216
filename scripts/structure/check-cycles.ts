import { dirname, posix } from 'node:path'
import type { CodeFile, Problem } from './tree.js'

/** Files that import each other in a circle, type imports too. Each circle is told once. */
export const checkCycles = (files: readonly CodeFile[]): readonly Problem[] => {
  const byPath = new Map(files.map(file => [file.path, file]))
  const problems: Problem[] = []
  const done = new Set<string>()
  const trail: string[] = []

  const targetsOf = (file: CodeFile) =>
    file.imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, line }) => {
        const path = posix.join(dirname(file.path), specifier)
        const target = byPath.get(path) ?? byPath.get(path.replace(/\.js$/, '.ts'))
        return { line, target }
      })

  const visit = (file: CodeFile): void => {
    if (done.has(file.path)) return
    trail.push(file.path)
    for (const { line, target } of targetsOf(file)) {
      if (!target) continue
      const begin = trail.indexOf(target.path)
      if (begin < 0) {
        visit(target)
        continue
      }
      const circle = [...trail.slice(begin), target.path].join(' -> ')
      const message = `imports in a circle: ${circle}. Move what both need into a file of its own`
      problems.push({ path: file.path, line, rule: 'cycle', message })
    }
    trail.pop()
    done.add(file.path)
  }

  for (const file of files) visit(file)
  return problems
}

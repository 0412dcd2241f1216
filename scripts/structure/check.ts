import { checkCode } from './check-code.js'
import { checkCycles } from './check-cycles.js'
import { checkFiles, checkTexts } from './check-files.js'
import { checkImports } from './check-imports.js'
import { checkLinks } from './check-links.js'
import { checkMigrations } from './check-migrations.js'
import { checkPatterns } from './check-patterns.js'
import { codeFilesOf, type Problem, readTexts } from './tree.js'

/** Everything below `root` that is against a rule, by path and line. */
export const checkStructure = (root: string): readonly Problem[] => {
  const texts = readTexts(root)
  const files = codeFilesOf(texts)
  const problems = [
    ...checkImports(files),
    ...checkCycles(files),
    ...checkCode(files),
    ...checkFiles(files),
    ...checkTexts(texts),
    ...checkMigrations(texts),
    ...checkPatterns(texts),
    ...checkLinks(
      root,
      texts.filter(({ path }) => path.endsWith('.md')),
    ),
  ]
  return problems.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
}

import { lineAt } from './imports.js'
import { beforeInstall, forbiddenCode, isomorphic, layers, owners } from './rules.js'
import { isIn, type Problem, type TextFile } from './tree.js'

const rulesFile = 'scripts/structure/rules.ts'

const patterns = [
  ...Object.keys(layers).map(workspace => `${workspace}/`),
  ...Object.values(owners).flatMap(({ where }) => where),
  ...isomorphic,
  ...beforeInstall,
  ...forbiddenCode.flatMap(({ where, except }) => [...where, ...except]),
]

/** Patterns of the rules that no file fits, in a tree that has the rules: they speak of what is gone. */
export const checkPatterns = (texts: readonly TextFile[]): readonly Problem[] => {
  const rules = texts.find(({ path }) => path === rulesFile)
  if (!rules) return []
  const stale = new Set(patterns.filter(pattern => !texts.some(({ path }) => isIn(path, [pattern]))))
  return [...stale].map(pattern => ({
    path: rulesFile,
    line: lineAt(rules.text, Math.max(0, rules.text.indexOf(pattern.replace(/\/$/, '')))),
    rule: 'stale rule',
    message: `no file fits "${pattern}": take it out, or mend it`,
  }))
}

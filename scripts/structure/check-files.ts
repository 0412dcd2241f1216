import { basename } from 'node:path'
import { lineAt } from './imports.js'
import { emptyNames, forbiddenText, maxLines } from './rules.js'
import type { CodeFile, Problem, TextFile } from './tree.js'

const checkLength = ({ path, text, kind }: CodeFile): readonly Problem[] => {
  const lines = text.split('\n').length - 1
  const most = kind === 'test' ? maxLines.test : maxLines.source
  if (lines <= most) return []
  return [
    { path, line: most + 1, rule: 'length', message: `${lines} lines, at most ${most}: split it by what it does` },
  ]
}

const checkName = ({ path }: CodeFile): readonly Problem[] => {
  const name = basename(path)
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)+$/.test(name)) {
    return [{ path, line: 1, rule: 'name', message: `${name} is not in kebab-case (verb-noun.ts)` }]
  }
  if (!emptyNames.test(path)) return []
  return [{ path, line: 1, rule: 'name', message: 'the name says nothing: name it after what it does' }]
}

const isRouteFile = (path: string): boolean => /^services\/[^/]+\/src\/routes\/(?!index\.ts$)[^/]+\.ts$/.test(path)

const checkRoute = ({ path, text, code }: CodeFile): readonly Problem[] => {
  if (!/^services\/[^/]+\/src\//.test(path)) return []
  const [first, second] = [...code.matchAll(/\broute\s*\(/g)]
  const wrong = isRouteFile(path) ? second : first
  if (!wrong) return []
  const what = isRouteFile(path) ? 'more than one endpoint: give each' : 'an endpoint outside routes/: give it'
  const message = `${what} a file of its own (src/routes/verb-noun.ts)`
  return [{ path, line: lineAt(text, wrong.index), rule: 'route file', message }]
}

/** Length and name of each file, and one endpoint in each route file of a service, none elsewhere. */
export const checkFiles = (files: readonly CodeFile[]): readonly Problem[] =>
  files.flatMap(file => [...checkLength(file), ...checkName(file), ...checkRoute(file)])

/** What only this machine knows, and addresses of package registries: in every text, the lockfile too. */
export const checkTexts = (texts: readonly TextFile[]): readonly Problem[] =>
  texts.flatMap(({ path, text }) =>
    forbiddenText.flatMap(({ rule, pattern, instead }) =>
      [...text.matchAll(pattern)].map(match => ({
        path,
        line: lineAt(text, match.index),
        rule,
        message: `${match[0]}: ${instead}`,
      })),
    ),
  )

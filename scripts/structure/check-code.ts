import { lineAt } from './imports.js'
import { forbiddenCode } from './rules.js'
import { type CodeFile, isIn, type Problem } from './tree.js'

/** Words of the code that have their place: the environment, the console, clock and randomness, default exports. */
export const checkCode = (files: readonly CodeFile[]): readonly Problem[] =>
  files
    .filter(file => file.kind === 'source')
    .flatMap(({ path, text, code }) =>
      forbiddenCode
        .filter(({ where, except }) => isIn(path, where) && !isIn(path, except))
        .flatMap(({ rule, pattern, instead }) =>
          [...code.matchAll(pattern)].map(match => ({
            path,
            line: lineAt(text, match.index),
            rule,
            message: `no ${match[0].replace(/\s+/g, ' ')} here: ${instead}`,
          })),
        ),
    )

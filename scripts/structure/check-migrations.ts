import { lineAt } from './imports.js'
import type { Problem, TextFile } from './tree.js'

/** From before this rule, on tables that were small then. They are not changed any more. */
const before = /^services\/message\/src\/migrations\/(?:0003|0006|0007|0008|0011)-/

const quoted = (text: string): string => text.replaceAll('.', '\\.')

/**
 * A new index on a table of an earlier migration is built CONCURRENTLY: otherwise nobody writes to the table meanwhile, which is
 * minutes where it is large.
 */
export const checkMigrations = (texts: readonly TextFile[]): readonly Problem[] =>
  texts
    .filter(({ path }) => /^services\/[^/]+\/src\/migrations\/\d{4}-[^/]+\.ts$/.test(path) && !before.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)[^(;]*?\bON\s+(?!ONLY\b)([\w.]+)/gi)]
        .filter(
          ([, table = '']) =>
            !new RegExp(`CREATE\\s+TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?${quoted(table)}\\b`, 'i').test(text),
        )
        .map(match => ({
          path,
          line: lineAt(text, match.index),
          rule: 'index',
          message: `keeps all writes to ${match[1]} out while it is built: use buildIndex of @qsm/server-kit in a migration of its own`,
        })),
    )

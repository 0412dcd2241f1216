export interface Import {
  /** What stands between the quotes. */
  readonly specifier: string
  /** From 1. */
  readonly line: number
}

const forms = [
  /\bimport\s*(['"])/g,
  /\bimport\s+[\w\s{},*$]+?\bfrom\s*(['"])/g,
  /\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s*from\s*(['"])/g,
  /\bimport\s*\(\s*(['"])/g,
  /\brequire\s*\(\s*(['"])/g,
]

/** The line of an offset, from 1. */
export const lineAt = (text: string, offset: number): number => {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

/** All imports and re-exports of a text, type imports too. `code` is the same text without what is only written in it. */
export const importsOf = (text: string, code: string): readonly Import[] => {
  const found: Import[] = []
  for (const form of forms) {
    for (const match of code.matchAll(form)) {
      const begin = match.index + match[0].length
      const end = text.indexOf(match[1] ?? "'", begin)
      found.push({ specifier: text.slice(begin, end), line: lineAt(text, begin) })
    }
  }
  return found.sort((a, b) => a.line - b.line)
}

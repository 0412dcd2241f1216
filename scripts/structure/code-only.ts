const regexMayFollow =
  /(?:^|[([{,;=:?!&|+\-*%~^<>}]|\b(?:return|typeof|case|in|of|void|delete|throw|await|else|do|yield))\s*$/

/**
 * The code of a TypeScript or JavaScript text without what is only written in it: comments, and the insides of strings,
 * templates and regular expressions are blanks. Offsets and line ends stay as they are.
 */
export const codeOnly = (text: string): string => {
  const out = text.split('')
  let at = 0
  let code = '' // What stood before, for telling a division from a regular expression.

  const blank = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) if (out[index] !== '\n') out[index] = ' '
  }

  const skipTo = (end: number) => {
    blank(at, end)
    at = end
  }

  const endOf = (mark: string): number => {
    const found = text.indexOf(mark, at)
    return found < 0 ? text.length : found
  }

  const skipQuoted = (quote: string) => {
    const begin = at + 1
    at = begin
    while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
    blank(begin, Math.min(at, text.length))
    at += 1
    code = quote
  }

  const skipRegex = () => {
    const begin = at + 1
    let inClass = false
    for (at = begin; at < text.length && text[at] !== '\n'; at += 1) {
      if (text[at] === '\\') at += 1
      else if (text[at] === '[') inClass = true
      else if (text[at] === ']') inClass = false
      else if (text[at] === '/' && !inClass) break
    }
    blank(begin, at)
    at += 1
    code = ')'
  }

  const skipTemplate = () => {
    at += 1
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        at += 2
        code = '{'
        readCode('}')
        at += 1
      } else {
        const width = text[at] === '\\' ? 2 : 1
        blank(at, at + width)
        at += width
      }
    }
    at += 1
    code = '`'
  }

  /** Reads to the end, or to the bracket that closes what was opened before. */
  const readCode = (closing: string | null) => {
    for (let depth = 0; at < text.length; ) {
      const char = text[at] ?? ''
      if (closing && char === closing && depth === 0) return
      if (text.startsWith('//', at)) skipTo(endOf('\n'))
      else if (text.startsWith('/*', at)) skipTo(Math.min(endOf('*/') + 2, text.length))
      else if (char === "'" || char === '"') skipQuoted(char)
      else if (char === '`') skipTemplate()
      else if (char === '/' && regexMayFollow.test(code)) skipRegex()
      else {
        if (char === '{') depth += 1
        if (char === '}') depth -= 1
        code = (code + char).slice(-30)
        at += 1
      }
    }
  }

  readCode(null)
  return out.join('')
}

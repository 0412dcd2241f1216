import { readFileSync } from 'node:fs'

const matcherOf = (pattern: string): RegExp => {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('**/', '(?:.*/)?')
    .replaceAll(/(?<!\.)\*/g, '[^/]*')
  return new RegExp(`^${source}(?:/.*)?$`)
}

/** Whether a path comes into a build: of the patterns of .dockerignore, the last that matches it or a folder of it counts. */
export const readContextRules = (file: URL): ((path: string) => boolean) => {
  const rules = readFileSync(file, 'utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => ({ takesIn: line.startsWith('!'), matcher: matcherOf(line.replace(/^!/, '')) }))
  return path => rules.findLast(({ matcher }) => matcher.test(path))?.takesIn ?? true
}

import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { lineAt } from './imports.js'
import type { Problem, TextFile } from './tree.js'

const elsewhere = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i

/** Spaces in the place of code, so that lines and columns stay. */
const withoutCode = (text: string): string =>
  text
    .replaceAll(/^( *)(`{3,}|~{3,}).*\n[\s\S]*?^\1\2.*$/gm, code => code.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(`+)[^`\n]+\1/g, code => ' '.repeat(code.length))

interface Link {
  readonly target: string
  readonly index: number
}

const linksOf = (text: string): readonly Link[] => {
  const plain = withoutCode(text)
  const inline = plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\s*\)/g)
  const defined = plain.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/gm)
  return [...inline, ...defined].map(match => ({ target: match[1] ?? '', index: match.index }))
}

/** The anchors that a page shows for its headings: lower case, hyphens for spaces, no other signs. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const headings = text.replaceAll(/^(`{3,}|~{3,}).*\n[\s\S]*?^\1.*$/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)
  const anchors = new Set<string>()
  for (const [, heading = ''] of headings) {
    const plain = heading.replaceAll(/\]\([^)]*\)/g, '').toLowerCase()
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
    let name = anchor
    for (let count = 1; anchors.has(name); count += 1) name = `${anchor}-${count}`
    anchors.add(name)
  }
  return anchors
}

/** Why a link of a page leads nowhere, and what to do; null where it leads somewhere. */
const faultOf = (root: string, page: TextFile, target: string): string | null => {
  const [path = '', anchor = ''] = target.split('#')
  const from = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(page.path), decodeURIComponent(path))
  const place = path === '' ? page.path : posix.normalize(from)
  if (place.startsWith('..')) return 'it leaves the repository: give a full address'
  if (!existsSync(join(root, place))) return `there is no ${place}: mend the link, or write the file`
  if (anchor === '' || !place.endsWith('.md')) return null
  const text = place === page.path ? page.text : readFileSync(join(root, place), 'utf8')
  return anchorsOf(text).has(decodeURIComponent(anchor)) ? null : `${place} has no heading for #${anchor}`
}

/** Every link within the repository leads to a file, and to a heading where it names one. */
export const checkLinks = (root: string, pages: readonly TextFile[]): readonly Problem[] =>
  pages.flatMap(page =>
    linksOf(page.text)
      .filter(({ target }) => !elsewhere.test(target))
      .flatMap(({ target, index }) => {
        const fault = faultOf(root, page, target)
        return fault === null
          ? []
          : [{ path: page.path, line: lineAt(page.text, index), rule: 'link', message: `${target}: ${fault}` }]
      }),
  )

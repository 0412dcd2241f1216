import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(`${root}docs/architecture.md`, 'utf8')
const [, tree = ''] = /```\n([\s\S]*?)```/.exec(page) ?? []

const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n')

/** The folders of a place, such as `packages/` or the top, that git knows. */
const foldersOf = (place: string): readonly string[] => {
  const names = files.filter(file => file.startsWith(place)).map(file => file.slice(place.length).split('/'))
  return [...new Set(names.flatMap(([name = '', ...rest]) => (rest.length > 0 && !name.startsWith('.') ? [name] : [])))]
}

/** The part of the tree below a line that begins with `head`. */
const below = (head: string): string => new RegExp(`^${head}.*\\n(?: .*\\n)*`, 'm').exec(tree)?.[0] ?? ''

/** Whether a text names a folder as `name/`. */
const names = (text: string, folder: string): boolean => new RegExp(`(?:^|[ /])${folder}/`, 'm').test(text)

describe('the tree of docs/architecture.md', () => {
  it('names every folder at the top', () => {
    expect(foldersOf('').filter(folder => !names(tree, folder))).toEqual([])
  })

  it.each(['packages/', 'services/', 'scripts/'])('names every folder of %s, and none that is not there', place => {
    const text = below(place)
    const folders = foldersOf(place)
    expect(folders.length).toBeGreaterThan(3)
    expect(folders.filter(folder => !names(text, folder))).toEqual([])
    const heads = [...text.matchAll(/^ {2}((?:[\w-]+\/(?:, )?)+)/gm)].flatMap(([, head = '']) => head.split(', '))
    expect(heads.map(head => head.replace('/', '')).filter(head => head && !folders.includes(head))).toEqual([])
  })
})

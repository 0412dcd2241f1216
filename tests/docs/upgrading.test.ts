import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string): string => readFileSync(`${root}${name}`, 'utf8')
const page = read('UPGRADING.md')

/** Minor versions of the changelog, oldest first: `0.1`, `0.2`. */
const released = [
  ...new Set([...read('CHANGELOG.md').matchAll(/^## \[?(\d+\.\d+)\.\d+/gm)].map(match => match[1])),
].reverse()

describe('UPGRADING.md', () => {
  it('says what to do for each minor version after the first, and of the first that there is nothing to do', () => {
    const told = [...page.matchAll(/^## To (\d+\.\d+)/gm)].map(match => match[1])
    expect(told).toEqual(released.slice(1).reverse())
    expect(page.includes('first release: there is nothing to do')).toBe(released.length < 2)
  })

  it('is found from the README and from the manual of running it', () => {
    expect(read('README.md')).toContain('(UPGRADING.md)')
    expect(read('docs/operations.md')).toContain('(../UPGRADING.md)')
  })

  it('names commands that qsm-server has', () => {
    const named = [...page.matchAll(/`qsm-server ([a-z ]+)`/g)].map(match => match[1] ?? '')
    expect(named.length).toBeGreaterThan(2)
    const usage = read('services/standalone/src/main.ts')
    for (const command of named) expect(usage).toContain(`\n  ${command} `)
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const { isInstalled } = (await import(new URL('../../scripts/setup/installed.mjs', import.meta.url).href)) as {
  isInstalled(root: string): boolean
}

type Entry = Readonly<Record<string, unknown>>

describe('whether the installed packages fit the lockfile', () => {
  let root: string

  const write = (path: string, packages: Readonly<Record<string, Entry>>) =>
    writeFileSync(join(root, path), JSON.stringify({ packages }))
  const lock = (packages: Readonly<Record<string, Entry>>) => write('package-lock.json', packages)

  /** What npm leaves behind: its list, and a folder for each package. */
  const install = (packages: Readonly<Record<string, Entry>>) => {
    for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true })
    write('node_modules/.package-lock.json', packages)
  }

  const one = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' } }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'qsm-test-installed-'))
    mkdirSync(join(root, 'node_modules'))
    lock(one)
  })

  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('is so when each package is there in its version, and stays so until the lockfile changes', () => {
    install(one)
    expect([isInstalled(root), isInstalled(root)]).toEqual([true, true])
    lock({ ...one, 'node_modules/two': { version: '2.0.0', integrity: 'sha512-b' } })
    expect(isInstalled(root)).toBe(false)
  })

  it('is not so on a bare clone', () => {
    rmSync(join(root, 'node_modules'), { recursive: true })
    expect(isInstalled(root)).toBe(false)
  })

  it.each([
    ['another version', { version: '1.0.1', integrity: 'sha512-a' }],
    ['other contents', { version: '1.0.0', integrity: 'sha512-c' }],
  ])('is not so with %s', (_, entry) => {
    install({ 'node_modules/one': entry })
    expect(isInstalled(root)).toBe(false)
  })

  it('is not so when the folder of a package is gone', () => {
    install(one)
    rmSync(join(root, 'node_modules/one'), { recursive: true })
    expect(isInstalled(root)).toBe(false)
  })

  it('does not ask for optional packages of other systems, but for those of this one', () => {
    install(one)
    const other = process.platform === 'win32' ? 'linux' : 'win32'
    const optional = (os: string) => ({ 'node_modules/native': { version: '1.0.0', optional: true, os: [os] } })
    lock({ ...one, ...optional(other) })
    expect(isInstalled(root)).toBe(true)
    lock({ ...one, ...optional(process.platform) })
    expect(isInstalled(root)).toBe(false)
  })
})

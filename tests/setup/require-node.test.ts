import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-test-node-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Asks the check, in a tree of its own that needs this version. */
const check = (needed: string) => {
  mkdirSync(join(folder, 'scripts/setup'), { recursive: true })
  cpSync(join(root, 'scripts/setup/require-node.mjs'), join(folder, 'scripts/setup/require-node.mjs'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ engines: { node: `>=${needed}` } }))
  return spawnSync(process.execPath, [join(folder, 'scripts/setup/require-node.mjs')], { encoding: 'utf8' })
}

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)

describe('the check of the Node version', () => {
  it.each([`${major + 1}.0.0`, `${major}.${minor + 1}.0`, `${major}.${minor}.${patch + 1}`])(
    'says what is needed, what is there and what to do where Node is older than %s',
    needed => {
      const { status, stderr } = check(needed)
      expect(status).toBe(1)
      expect(stderr).toContain(`QSM needs Node ${needed} or newer; this is Node ${process.versions.node}`)
      expect(stderr).toContain('https://nodejs.org')
    },
  )

  it.each([process.versions.node, `${major}.0.0`, `${major - 1}.99.99`])('is silent where %s is needed', needed => {
    expect(check(needed)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  it.each(['start', 'test', 'verify', 'setup', 'demo'])('is made by scripts/%s.mjs', name => {
    const imports = (file: string) =>
      [...readFileSync(join(root, 'scripts', file), 'utf8').matchAll(/^import (?:.* from )?'(\.[^']+)'/gm)].map(
        ([, path]) => path,
      )
    if (name === 'setup') expect(imports('setup.mjs')[0]).toBe('./setup/require-node.mjs')
    else expect(imports(`${name}.mjs`)).toContain('./setup.mjs')
  })
})

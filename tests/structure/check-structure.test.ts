import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkStructure } from '../../scripts/structure/check.js'

describe('the structure check', () => {
  let root: string

  const plant = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  /** What is found in a tree that has this file alone. */
  const foundIn = (path: string, text: string): readonly string[] => {
    plant(path, text)
    return checkStructure(root).map(problem => `${problem.path}:${problem.line} ${problem.rule}: ${problem.message}`)
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'qsm-test-structure-'))
  })

  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('finds nothing in a tree that keeps the rules', () => {
    plant(
      'services/auth/src/context.ts',
      "import type { Clock } from '@qsm/server-kit'\n\nexport type Context = Clock\n",
    )
    plant(
      'services/auth/src/routes/get-me.ts',
      "import type { Context } from '../context.js'\n\nexport const a = (c: Context) => route(c)\n",
    )
    plant(
      'services/auth/test/get-me.test.ts',
      "import pg from 'pg'\nimport { b } from '@qsm/cli'\nconsole.log(pg, b, process.env.X)\n",
    )
    plant('packages/server-kit/src/clock.ts', 'export const now = () => Date.now()\n')
    expect(checkStructure(root)).toEqual([])
  })

  it.each([
    [
      'packages/protocol/src/a.ts',
      '@qsm/contract',
      'packages/protocol may not import @qsm/contract: what the protocol',
    ],
    ['packages/contract/src/a.ts', '@qsm/protocol', 'packages/contract may not import @qsm/protocol'],
    ['packages/client/src/a.ts', '@qsm/client-node', 'put what needs Node into @qsm/client-node'],
    ['packages/cli/src/a.ts', '@qsm/contract', 'packages/cli may not import @qsm/contract: ask @qsm/client'],
    ['services/auth/src/a.ts', '@qsm/message', 'services meet in @qsm/contract'],
    ['services/standalone/src/a.ts', '@qsm/client', 'services/standalone may not import @qsm/client'],
    ['wasm/src/a.ts', '@qsm/contract', 'wasm may not import @qsm/contract'],
    ['services/auth/src/a.ts', '@qsm/contract/src/limits.js', 'reaches into a package'],
    ['services/auth/src/a.ts', '../../message/src/app.js', 'leaves services/auth: import the package by its name'],
  ])('refuses that %s imports %s', (path, specifier, message) => {
    expect(foundIn(path, `\nimport type { A } from '${specifier}'\n`)).toEqual([
      expect.stringMatching(new RegExp(`^${path}:2 layers: .*${message}`)),
    ])
  })

  it('sees every form of import', () => {
    const forms = [
      "import 'pg'",
      "import a from 'pg'",
      "import * as b from 'pg'",
      "import {\n  c,\n} from 'pg'",
      "import type { D } from 'pg'",
      "export { e } from 'pg'",
      "export * from 'pg'",
      "export type { F } from 'pg'",
      "const g = await import('pg')",
      "type H = import('pg').Pool",
      "const i = require('pg')",
    ]
    for (const form of forms) {
      expect(foundIn('services/auth/src/a.ts', `${form}\n`)).toEqual([
        expect.stringContaining('pg belongs to packages/server-kit/src/database/'),
      ])
    }
  })

  it('takes no notice of what is only written in comments, strings, templates and regular expressions', () => {
    const text = [
      "// import 'pg'",
      "/* import 'pg'\n console.log() */",
      'export const a = "process.env.A"',
      "export const b = 'it\\'s console.log'",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: code that is read
      'export const c = `Date.now() ${a + `console.log ${b}`} process.env.B`',
      'export const d = /[/"]console.log\\//.test(a)',
      'export const e = 4 / 2 / 1',
      '',
    ].join('\n')
    expect(foundIn('services/auth/src/a.ts', text)).toEqual([])
  })

  it('looks into the code of templates', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code that is read
    expect(foundIn('services/auth/src/a.ts', 'export const a = `x ${process.env.A} y`\n')).toHaveLength(1)
  })

  it('wants one owner for each library', () => {
    expect(foundIn('services/message/src/a.ts', "import { z } from 'zod'\n")).toEqual([
      'services/message/src/a.ts:1 library owner: zod belongs to packages/contract/src/ and packages/server-kit/src/ and services/*/src/config.ts and services/*/src/config/: use the schemas of @qsm/contract',
    ])
    expect(foundIn('services/message/src/a.ts', "import pad from 'left-pad/lib.js'\n")).toEqual([
      expect.stringContaining('left-pad has no owner'),
    ])
  })

  it('keeps Node out of what runs in browsers', () => {
    for (const name of ['protocol', 'contract', 'client']) {
      const path = `packages/${name}/src/a.ts`
      expect(foundIn(path, "import { join } from 'node:path'\n")).toEqual([
        expect.stringContaining(`${path}:1 isomorphic: `),
      ])
      rmSync(join(root, path))
    }
  })

  it('keeps libraries out of what runs before the installation', () => {
    expect(foundIn('scripts/setup/install.mjs', "import { z } from 'zod'\n")).toEqual([
      expect.stringContaining('before install: "zod" is not there'),
    ])
  })

  it.each(['process.env.A', "process.env['A']", 'process\n  .env'])('keeps %s in the config files', code => {
    expect(foundIn('services/auth/src/a.ts', `export const a = ${code}\n`)).toEqual([
      expect.stringContaining('environment: no process'),
    ])
    rmSync(join(root, 'services'), { recursive: true })
    expect(foundIn('services/auth/src/config.ts', `export const a = ${code}\n`)).toEqual([])
  })

  it('sees an environment that is taken apart or imported', () => {
    expect(foundIn('services/auth/src/a.ts', 'const { env } = process\n')).toHaveLength(1)
    expect(foundIn('services/auth/src/a.ts', "import { env } from 'node:process'\n")).toHaveLength(1)
  })

  it.each(['Date.now()', 'new Date()', 'Math.random()', 'crypto.getRandomValues(a)', 'performance.now()'])(
    'keeps %s out of the protocol',
    code => {
      expect(foundIn('packages/protocol/src/a.ts', `export const b = ${code}\n`)).toEqual([
        expect.stringContaining('take clock and randomness from the Algorithms'),
      ])
    },
  )

  it('gives services the clock that is handed in', () => {
    expect(foundIn('services/auth/src/a.ts', 'export const a = new Date()\n')).toEqual([
      expect.stringContaining(' clock: '),
    ])
    expect(foundIn('services/auth/src/a.ts', 'export const a = new Date(clock.now())\n')).toEqual([])
  })

  it('keeps the console to commands', () => {
    const text = "console.error('a')\n"
    expect(foundIn('packages/server-kit/src/a.ts', text)).toEqual([expect.stringContaining('createLog')])
    rmSync(join(root, 'packages'), { recursive: true })
    expect(foundIn('packages/cli/src/a.ts', text)).toEqual([])
    expect(foundIn('services/standalone/src/commands/a.ts', text)).toEqual([])
  })

  it('finds circles of imports, once each, and shows them', () => {
    plant('packages/client/src/a.ts', "import { b } from './b.js'\n")
    plant('packages/client/src/b.ts', "import type { C } from './c.js'\n")
    expect(foundIn('packages/client/src/c.ts', "\nexport { a } from './a.js'\n")).toEqual([
      'packages/client/src/c.ts:2 cycle: imports in a circle: packages/client/src/a.ts -> packages/client/src/b.ts -> packages/client/src/c.ts -> packages/client/src/a.ts. Move what both need into a file of its own',
    ])
  })

  it('bounds the length of files', () => {
    expect(foundIn('packages/client/src/a.ts', '\n'.repeat(350))).toEqual([])
    expect(foundIn('packages/client/src/a.ts', '\n'.repeat(351))).toEqual([
      'packages/client/src/a.ts:351 length: 351 lines, at most 350: split it by what it does',
    ])
    rmSync(join(root, 'packages'), { recursive: true })
    expect(foundIn('tests/e2e/a.test.ts', '\n'.repeat(500))).toEqual([])
    expect(foundIn('tests/e2e/a.test.ts', '\n'.repeat(501))).toHaveLength(1)
  })

  it('wants one endpoint in a route file', () => {
    expect(foundIn('services/auth/src/routes/get-me.ts', 'const a = route(b)(c)\nconst d = route(e)(f)\n')).toEqual([
      expect.stringContaining('services/auth/src/routes/get-me.ts:2 route file: more than one endpoint'),
    ])
  })

  it.each(['services/auth/src/me/get-me.ts', 'services/auth/src/routes/index.ts'])(
    'wants no endpoint outside the route files of a service: %s',
    path => {
      expect(foundIn(path, '\nexport const a = route(b)(c)\n')).toEqual([
        expect.stringContaining(`${path}:2 route file: an endpoint outside routes/`),
      ])
    },
  )

  it('finds patterns of its own rules that no file fits, where the tree has the rules', () => {
    const rules = "export const owners = {\n  uuid: ['packages/server-kit/src/ids.ts'],\n}\n"
    const stale = 'scripts/structure/rules.ts:2 stale rule: no file fits "packages/server-kit/src/ids.ts"'
    expect(foundIn('scripts/structure/rules.ts', rules)).toContainEqual(expect.stringContaining(stale))
    expect(foundIn('packages/server-kit/src/ids.ts', '\n')).not.toContainEqual(expect.stringContaining(stale))
  })

  it.each(["from './a'", "from './a.ts'"])('wants .js at the end of relative imports: %s', code => {
    expect(foundIn('packages/client/test/b.test.ts', `import { a } ${code}\n`)).toEqual([
      expect.stringContaining('write "./a.js"'),
    ])
  })

  it('wants names that say something, in kebab-case', () => {
    expect(foundIn('packages/client/src/utils.ts', '\n')).toEqual([
      expect.stringContaining('name it after what it does'),
    ])
    rmSync(join(root, 'packages'), { recursive: true })
    expect(foundIn('packages/client/src/sendQueue.ts', '\n')).toEqual([expect.stringContaining('kebab-case')])
  })

  it('wants named exports', () => {
    expect(foundIn('packages/client/src/a.ts', 'export default 1\n')).toEqual([
      expect.stringContaining('named exports: '),
    ])
  })

  it('finds addresses of registries and paths of one machine in any text', () => {
    const lockfile = `{ "resolved": "https://${'registry'}.example.org/a.tgz" }\n`
    expect(foundIn('package-lock.json', lockfile)).toEqual([
      expect.stringContaining('package-lock.json:1 registry address: '),
    ])
    rmSync(join(root, 'package-lock.json'))
    expect(foundIn('docs/a.md', `\nSee ${'/home'}/alice/qsm\n`)).toEqual([
      expect.stringContaining('docs/a.md:2 machine path: '),
    ])
  })

  it('wants every link of a page to lead to a file, also from the pages of vectors', () => {
    plant('docs/here.md', '# Here\n')
    plant('packages/a/vectors/one.json', '{}\n')
    const page = [
      'See [here](docs/here.md), [the folder](docs), [one](packages/a/vectors/one.json "the first"), [it][it] and',
      '[elsewhere](https://example.org/gone.md), `[code](gone.md)`, [mail](mailto:a@example.org).',
      '```md',
      '[an example](gone.md)',
      '```',
      '[it]: ./docs/here.md',
    ].join('\n')
    expect(foundIn('README.md', page)).toEqual([])
    rmSync(join(root, 'docs/here.md'))
    expect(checkStructure(root).map(({ line, message }) => [line, message])).toEqual([
      [1, 'docs/here.md: there is no docs/here.md: mend the link, or write the file'],
      [6, './docs/here.md: there is no docs/here.md: mend the link, or write the file'],
    ])
    rmSync(join(root, 'README.md'))
    expect(foundIn('packages/a/vectors/README.md', '\nSee [up](../gone.md) and [out](../../../../gone.md)\n')).toEqual([
      'packages/a/vectors/README.md:2 link: ../gone.md: there is no packages/a/gone.md: mend the link, or write the file',
      'packages/a/vectors/README.md:2 link: ../../../../gone.md: it leaves the repository: give a full address',
    ])
  })

  it('wants a heading for every anchor', () => {
    plant('docs/here.md', '# One, two: `three`\n\n## 4. Five\n\n## 4. Five\n\n```sh\n# no heading\n```\n')
    const links = ['docs/here.md#one-two-three', 'docs/here.md#4-five', 'docs/here.md#4-five-1', '#me']
    expect(foundIn('README.md', `# Me\n${links.map(link => `[a](${link})`).join('\n')}\n`)).toEqual([])
    expect(foundIn('README.md', '[a](docs/here.md#no-heading)\n[b](#gone)\n')).toEqual([
      'README.md:1 link: docs/here.md#no-heading: docs/here.md has no heading for #no-heading',
      'README.md:2 link: #gone: README.md has no heading for #gone',
    ])
  })
})

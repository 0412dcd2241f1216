import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generate } from '../../../scripts/generate/contract.js'
import { differingFiles, runGenerators, writeFiles } from '../../../scripts/generated-files.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('the generated reference', () => {
  it('is committed as the contract gives it', async () => {
    const files = await generate()
    expect([...files.keys()]).toEqual([
      'docs/reference/openapi.json',
      'docs/reference/openapi-quantum.json',
      'docs/reference/asyncapi.json',
      'docs/reference/errors.md',
    ])
    expect(await differingFiles(root, files), 'run "npm run generate"').toEqual([])
  })
})

describe('generated files', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qsm-generated-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const files = new Map([
    ['docs/a.md', 'one\n'],
    ['b.json', '{}\n'],
  ])

  it('are written where they are missing or differ, and only there', async () => {
    expect(await differingFiles(folder, files)).toEqual(['docs/a.md', 'b.json'])
    await writeFiles(folder, files, ['docs/a.md', 'b.json'])
    expect(await differingFiles(folder, files)).toEqual([])
    await writeFile(join(folder, 'b.json'), 'changed')
    expect(await differingFiles(folder, files)).toEqual(['b.json'])
    expect(await readFile(join(folder, 'docs/a.md'), 'utf8')).toBe('one\n')
  })

  it('come from all modules of the folder of generators', async () => {
    await writeFile(join(folder, 'a.ts'), "export const generate = async () => new Map([['x', 'text']])")
    await writeFile(join(folder, 'note.md'), 'no module')
    expect(await runGenerators(folder)).toEqual(new Map([['x', 'text']]))
  })

  it('are refused where two generators make the same, or a module makes none', async () => {
    await writeFile(join(folder, 'a.ts'), "export const generate = async () => new Map([['x', '']])")
    await writeFile(join(folder, 'b.ts'), "export const generate = async () => new Map([['x', '']])")
    await expect(runGenerators(folder)).rejects.toThrow('x is made twice, the second time by b.ts')
    await writeFile(join(folder, '0.ts'), 'export const other = 1')
    await expect(runGenerators(folder)).rejects.toThrow('0.ts exports no generate()')
  })
})

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { countInstructions, whyNotCounted } from '../../scripts/instructions/count-instructions.js'
import { judge } from '../../scripts/instructions/judge.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-guard-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const name = 'send-frame'
const changed = 'packages/contract/dist/src/binary-frames.js'

/** What the operation needs, with the built decoder of send frames changed. */
const treeWith = (title: string, change: (code: string) => string) => {
  const tree = join(folder, title)
  for (const path of ['scripts/instructions', 'packages/protocol/vectors', 'packages/contract/package.json']) {
    cpSync(join(root, path), join(tree, path), { recursive: true })
  }
  cpSync(join(root, 'packages/contract/dist/src'), join(tree, 'packages/contract/dist/src'), { recursive: true })
  const code = readFileSync(join(tree, changed), 'utf8')
  const other = change(code)
  if (title !== 'as-it-is') expect(other).not.toBe(code)
  writeFileSync(join(tree, changed), other)
  mkdirSync(join(tree, 'node_modules/@qsm'), { recursive: true })
  symlinkSync(join(tree, 'packages/contract'), join(tree, 'node_modules/@qsm/contract'))
  symlinkSync(join(root, 'packages/protocol'), join(tree, 'node_modules/@qsm/protocol'))
  symlinkSync(join(root, 'node_modules/zod'), join(tree, 'node_modules/zod'))
  return countInstructions([{ name, file: join(tree, `scripts/instructions/operations/${name}.mjs`), count: 500 }])
}

const check = 'checkClientMessageId(clientMessageId);'
const checkedAgain = (code: string) => code.replace(check, `for (let n = 0; n < 8; n += 1) ${check}`)
const explained = (code: string) =>
  code.replaceAll('offset', 'position').replace(check, `/* before all else */ ${check}`)

const whyNot = whyNotCounted()
const title = 'the guard of instruction counts'

describe.skipIf(whyNot !== null)(whyNot === null ? title : `${title}: not run, ${whyNot}`, { timeout: 600_000 }, () => {
  test('goes red where one function does a few percent more or less, and stays green where nothing but words changed', async () => {
    const [before, slower, same] = await Promise.all([
      treeWith('as-it-is', code => code),
      treeWith('slower', checkedAgain),
      treeWith('in-other-words', explained),
    ])
    const baseline = Object.fromEntries(before)
    const [planted] = judge(slower, baseline)
    expect(planted).toMatchObject({ name, passed: false, verdict: expect.stringMatching(/^SLOWER/) })
    expect(planted?.change).toBeGreaterThan(0.02)
    expect(planted?.change).toBeLessThan(0.1)
    expect(judge(same, baseline)).toMatchObject([{ name, passed: true, verdict: 'ok' }])
    expect(judge(before, Object.fromEntries(slower))).toMatchObject([
      { name, passed: false, verdict: expect.stringMatching(/^FASTER/) },
    ])
  })
})

describe('what is judged', () => {
  test('fails where an operation has no baseline', () => {
    expect(judge(new Map([[name, 1_000]]), {})).toMatchObject([{ passed: false, change: null }])
  })

  test('passes up to two percent either way', () => {
    const verdicts = (now: number) => judge(new Map([[name, now]]), { [name]: 1_000 }).map(({ passed }) => passed)
    expect([979, 981, 1_000, 1_019, 1_021].flatMap(verdicts)).toEqual([false, true, true, true, false])
  })
})

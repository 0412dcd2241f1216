import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeFixtures, storedVersion } from '../packages/protocol/test/support/fixture-moments.js'
import { nobleAlgorithms } from '../packages/protocol/test/support/noble-algorithms.js'
import { replayFixture } from '../packages/protocol/test/support/replay-fixture.js'

const usage = `Usage: node --conditions=qsm-source --import tsx scripts/make-fixtures.ts VERSION

Writes packages/protocol/fixtures/vVERSION, once: what this version of the code stores, for
all later versions to read. Never overwrites, and never writes what cannot be read back.
`

const fail = (text: string, code: number): number => {
  process.stderr.write(text)
  return code
}

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST'

/** All files by name. Throws, so that nothing is written, where one cannot be read back. */
const fixtureTexts = async (): Promise<ReadonlyMap<string, string>> => {
  const texts = new Map<string, string>()
  for (const [name, fixture] of await makeFixtures()) {
    await replayFixture(nobleAlgorithms(`reading ${name}`, { now: fixture.now }), fixture)
    texts.set(`${name}.json`, `${JSON.stringify(fixture, null, 1)}\n`)
  }
  const sums = [...texts].map(([name, text]) => `${createHash('sha256').update(text).digest('hex')}  ${name}\n`)
  return texts.set('SHA256SUMS', sums.join(''))
}

const main = async ([version, ...more]: readonly string[]): Promise<number> => {
  if (!version || !/^[1-9]\d*$/.test(version) || more.length > 0) return fail(usage, 2)
  const written = await storedVersion()
  if (Number(version) !== written) {
    return fail(`This code stores version ${written}: it cannot make fixtures of version ${version}.\n`, 1)
  }
  const texts = await fixtureTexts()
  const folder = new URL(`../packages/protocol/fixtures/v${version}/`, import.meta.url)
  try {
    await mkdir(folder)
  } catch (error) {
    if (!isTaken(error)) throw error
    return fail(
      `${fileURLToPath(folder)} is there already. Fixtures are never made anew: they prove that this code reads what\n` +
        'earlier code wrote. A change of the stored form gets a new version, and fixtures beside the old ones.\n',
      1,
    )
  }
  for (const [name, text] of texts) {
    await writeFile(new URL(name, folder), text, { flag: 'wx' })
    process.stdout.write(`wrote ${name}\n`)
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))

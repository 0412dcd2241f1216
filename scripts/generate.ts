import { fileURLToPath } from 'node:url'
import { differingFiles, runGenerators, writeFiles } from './generated-files.js'

const usage = `Usage: npm run generate [-- --check]

Writes the files that are made from the code. With --check it writes nothing, lists
those that differ and exits with 1.
`

const main = async (args: readonly string[]): Promise<number> => {
  const check = args.includes('--check')
  if (args.some(arg => arg !== '--check')) {
    process.stderr.write(usage)
    return 2
  }
  const root = fileURLToPath(new URL('..', import.meta.url))
  const files = await runGenerators(fileURLToPath(new URL('generate', import.meta.url)))
  const differing = await differingFiles(root, files)
  if (check) {
    for (const path of differing) process.stderr.write(`${path} is not what the code gives: run "npm run generate"\n`)
    return differing.length === 0 ? 0 : 1
  }
  await writeFiles(root, files, differing)
  for (const path of differing) process.stdout.write(`wrote ${path}\n`)
  if (differing.length === 0) process.stdout.write('nothing to write\n')
  return 0
}

process.exitCode = await main(process.argv.slice(2))

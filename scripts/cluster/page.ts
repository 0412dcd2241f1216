import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, type Proof, say } from './proof.js'
import { imageValues } from './release.js'

const page = fileURLToPath(new URL('../../docs/kubernetes.md', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command blocks of docs/kubernetes.md, in their order. */
const blocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string)

/** What the page calls the image that its reader has pushed. */
const pushedImage = 'image.registry=registry.example.org,image.repository=qsm'

/** What a reader puts in for the page's examples: this proof's host, image and files. */
const asHere = (block: string, { host, image, folder }: Proof): string =>
  block
    .replaceAll('chat.example.org', host)
    .replaceAll(/(database-url\.txt|redis-url\.txt|tls\.crt|tls\.key)/g, file => join(folder, file))
    .replaceAll(/--home \.\//g, `--home ${folder}/`)
    .replaceAll(pushedImage, `${imageValues(image)},tests.caConfigMap=ca`)

/**
 * Runs every command block of the page, each in a shell of its own, as a reader would, and takes away what they made.
 * Resolves with how many there were.
 */
export const runPage = async (
  proof: Proof,
  addresses: { readonly database: string; readonly redis: string },
): Promise<number> => {
  writeFileSync(join(proof.folder, 'database-url.txt'), addresses.database, { mode: 0o600 })
  writeFileSync(join(proof.folder, 'redis-url.txt'), addresses.redis, { mode: 0o600 })
  const blocks = blocksOf(readFileSync(page, 'utf8'))
  if (!blocks.some(block => block.includes(pushedImage))) throw new Error(`${page} does not install ${pushedImage}`)
  const inNamespace = (...args: readonly string[]) => command('kubectl', ['--namespace', 'qsm', ...args])
  const remove = () => command('kubectl', ['delete', 'namespace', 'qsm', '--ignore-not-found', '--timeout=120s'])
  await remove()
  try {
    for (const [index, block] of blocks.entries()) {
      const lines = asHere(block, proof)
      say(lines.split('\n')[0] as string)
      await command('bash', ['-euo', 'pipefail', '-c', `cd ${root}\n${lines}`], { timeoutMs: 400_000 })
      if (index === 0) await inNamespace('create', 'configmap', 'ca', `--from-file=${join(proof.folder, 'ca.crt')}`)
    }
    return blocks.length
  } finally {
    await command('helm', ['uninstall', 'qsm', '--namespace', 'qsm', '--ignore-not-found'], { mayFail: true })
    await remove()
  }
}

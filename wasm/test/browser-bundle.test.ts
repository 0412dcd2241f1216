import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('a bundle for browsers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qsm-bundle-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('takes noble, needs nothing of Node and passes the self-test', async () => {
    const { outputFiles, metafile, warnings } = await build({
      stdin: {
        contents: "export { loadPostQuantum } from '@qsm/wasm'",
        resolveDir: fileURLToPath(new URL('..', import.meta.url)),
      },
      conditions: ['qsm-source'],
      platform: 'browser',
      format: 'esm',
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.some(path => path.includes('@noble/post-quantum/falcon.js'))).toBe(true)
    expect(inputs.filter(path => path.includes('liboqs'))).toEqual([])
    expect(Object.values(metafile.outputs).flatMap(output => output.imports)).toEqual([])

    const file = join(folder, 'bundle.mjs')
    await writeFile(file, outputFiles[0]?.contents ?? '')
    const { loadPostQuantum } = await import(/* @vite-ignore */ pathToFileURL(file).href)
    const { kem, report } = await loadPostQuantum()
    expect(report).toMatchObject({ library: '@noble/post-quantum', selfTest: { passed: true } })
    const { publicKey, secretKey } = await kem.generateKeyPair()
    const { ciphertext, sharedSecret } = await kem.encapsulate(publicKey)
    expect(await kem.decapsulate(secretKey, ciphertext)).toEqual(sharedSecret)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

describe('a bundle for browsers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qsm-bundle-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('takes our build, needs nothing of Node, and takes noble where WebAssembly is forbidden', async () => {
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
    const load = async (query: string) => {
      const { loadPostQuantum } = await import(/* @vite-ignore */ `${pathToFileURL(file).href}?${query}`)
      return loadPostQuantum()
    }
    const { kem, report } = await load('allowed')
    expect(report).toMatchObject({ library: '@qsm/wasm from liboqs', fallbackReason: null, selfTest: { passed: true } })
    const { publicKey, secretKey } = await kem.generateKeyPair()
    const { ciphertext, sharedSecret } = await kem.encapsulate(publicKey)
    expect(await kem.decapsulate(secretKey, ciphertext)).toEqual(sharedSecret)

    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new WebAssembly.CompileError('blocked by a policy'))
    const forbidden = await load('forbidden')
    vi.restoreAllMocks()
    expect(forbidden.report).toMatchObject({ library: '@noble/post-quantum', fallbackReason: 'blocked by a policy' })
    expect(await forbidden.kem.decapsulate(secretKey, ciphertext)).toEqual(sharedSecret)
  })
})

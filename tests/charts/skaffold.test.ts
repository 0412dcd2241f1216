import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const skaffold = process.env.SKAFFOLD ?? 'skaffold'
const hasSkaffold = spawnSync(skaffold, ['version'], { stdio: 'ignore' }).status === 0

const file = parse(read('skaffold.yaml'), { merge: true })
const profile = (name: string) => file.profiles.find((found: { name: string }) => found.name === name)
const sync = parse(read('k8s/dev-sync-values.yaml'), { merge: true }).components

const diagnose = (text: string, ...args: string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-skaffold-'))
  try {
    writeFileSync(join(folder, 'skaffold.yaml'), text)
    return spawnSync(skaffold, ['diagnose', '--yaml-only', '--filename', join(folder, 'skaffold.yaml'), ...args], {
      encoding: 'utf8',
      cwd: root,
      env: { ...process.env, SKAFFOLD_INTERACTIVE: 'false', SKAFFOLD_UPDATE_CHECK: 'false' },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('skaffold.yaml', () => {
  it('names a chart, values, a target and a script that are there', () => {
    const releases = [file, profile('dev')].flatMap(({ deploy }) => deploy.helm.releases)
    for (const { chartPath, valuesFiles } of releases) {
      const files = valuesFiles.map((name: string) => /default "([^"]+)"/.exec(name)?.[1] ?? name)
      for (const path of [`${chartPath}/Chart.yaml`, ...files]) expect(existsSync(join(root, path)), path).toBe(true)
    }
    const { docker } = file.build.artifacts[0]
    expect(read(docker.dockerfile)).toContain(` AS ${docker.target}\n`)
    for (const name of ['dev', 'ci']) {
      const [node, script] = profile(name).build.artifacts[0].custom.buildCommand.split(' ')
      expect([node, existsSync(join(root, script))]).toEqual(['node', true])
    }
  })

  it('asks no registry about the base image where docker may be missing, for its files are listed', () => {
    const { paths, ignore } = profile('ci').build.artifacts[0].custom.dependencies
    for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true)
    const copied = [...read('.dockerignore').matchAll(/^!(.*)$/gm)].map(([, path]) => path as string)
    const isListed = (path: string) => paths.some((given: string) => path === given || path.startsWith(`${given}/`))
    expect(copied.filter(path => !isListed(path))).toEqual(['scripts']) // All but scripts/images is left out again.
    expect(ignore).toContain('**/dist/**')
  })

  it('calls the image in one way wherever it stands', () => {
    const artifacts = [file, profile('dev'), profile('ci')].map(({ build }) => build.artifacts[0].image)
    const copied = Object.values(sync).map((component: unknown) => {
      const [container] = (component as { extraInitContainers: readonly { image: string }[] }).extraInitContainers
      return container?.image
    })
    expect(new Set([...artifacts, ...copied])).toEqual(new Set(['qsm']))
    expect(Object.keys(file.deploy.helm.releases[0].setValueTemplates)).toEqual(['image.repository', 'image.tag'])
  })

  it('puts each file that it syncs below a folder that pods may write', () => {
    const mounts: readonly { mountPath: string; subPath: string }[] = sync.message.extraVolumeMounts
    const { custom, sync: rules } = profile('dev').build.artifacts[0]
    for (const { src, dest } of rules.manual) {
      expect(custom.dependencies.paths).toContain(src)
      const [folder] = src.split('/')
      expect([
        dest,
        mounts.some(({ mountPath, subPath }) => mountPath === `/app/${folder}` && subPath === folder),
      ]).toEqual(['.', true])
    }
    expect(Object.keys(sync)).toEqual(Object.keys(parse(read('charts/qsm/values.yaml')).components))
  })

  it.skipIf(!hasSkaffold)(
    'is taken by skaffold with each profile, and an unknown field is not (needs skaffold)',
    () => {
      const text = read('skaffold.yaml')
      for (const args of [[], ['--profile', 'dev'], ['--profile', 'ci']]) {
        const { status, stderr } = diagnose(text, ...args)
        expect([status, stderr]).toEqual([0, expect.any(String)])
      }
      const { status, stderr } = diagnose(text.replace('dockerfile: Dockerfile', 'dockerfle: Dockerfile'))
      expect([status, stderr]).toEqual([1, expect.stringContaining('dockerfle')])
    },
  )
})

describe('the signal after a sync', () => {
  const canReplaceItself = typeof (process as { execve?: unknown }).execve === 'function'

  it.skipIf(!canReplaceItself)('starts the new code in the same process (needs Node 22.15 or newer)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qsm-reload-'))
    const script = join(folder, 'main.mjs')
    const version = (name: string) =>
      writeFileSync(script, `console.log('${name}', process.pid); setInterval(() => {}, 1e6)`)
    version('first')
    const child = spawn(process.execPath, [script], { env: { NODE_OPTIONS: sync.message.extraEnv.NODE_OPTIONS } })
    try {
      const next = async () => String((await once(child.stdout, 'data'))[0]).trim()
      expect(await next()).toBe(`first ${child.pid}`)
      version('second')
      child.kill('SIGUSR2')
      expect(await next()).toBe(`second ${child.pid}`)
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

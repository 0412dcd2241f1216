import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { bundle } from '../../scripts/k6/bundle.js'
import { requireK6 } from '../../scripts/k6/find-k6.js'
import { restrictedProblems } from '../charts/pod-security.js'
import { hasK6, startServerUnderLoad } from './server-under-load.js'

const text = readFileSync(fileURLToPath(new URL('../../k8s/k6-job.yaml', import.meta.url)), 'utf8')
const pod = parse(text, { merge: true }).spec.template.spec
const [container] = pod.containers

describe('the Job that runs k6 in a cluster', () => {
  test('passes Pod Security restricted, writes nothing to its image and has no token', () => {
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(restrictedProblems({ owner: 'Job/k6', labels: {}, annotations: {}, spec: pod })).toEqual([])
    expect(container.securityContext.readOnlyRootFilesystem).toBe(true)
  })

  test('mounts the ConfigMap that its first lines make, which has room for the script', async () => {
    const [, name, file] = /create configmap (\S+) --from-file=load-results\/(\S+)$/m.exec(text) ?? []
    expect(pod.volumes).toEqual([{ name: 'scripts', configMap: { name } }])
    expect(container.args.at(-1)).toBe(`${container.volumeMounts[0].mountPath}/${file}`)
    const folder = mkdtempSync(join(tmpdir(), 'qsm-job-'))
    await bundle('smoke', join(folder, 'smoke.js'))
    expect(statSync(join(folder, 'smoke.js')).size).toBeLessThan(1_000_000)
    rmSync(folder, { recursive: true })
  })
})

describe.skipIf(!hasK6)(hasK6 ? 'what the Job runs' : 'what the Job runs: not run, k6 is not here', () => {
  test('passes with the arguments and variables of the Job and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qsm-job-'))
    const server = await startServerUnderLoad()
    try {
      await bundle('smoke', join(folder, 'smoke.js'))
      const args = container.args.map((arg: string) => arg.replace(/^\/scripts/, folder))
      const named = container.env.map(({ name, value }: { name: string; value: string }) => [name, value])
      const env = { ...Object.fromEntries(named), BASE_URL: server.url, LOAD_SLACK: '100', PATH: process.env.PATH }
      const { status, stdout, stderr } = spawnSync(requireK6(), args, { cwd: folder, env, encoding: 'utf8' })
      expect(status, stdout + stderr).toBe(0)
      expect(stdout).toContain('smoke: all thresholds held')
    } finally {
      await server.stop()
      rmSync(folder, { recursive: true })
    }
  })
})

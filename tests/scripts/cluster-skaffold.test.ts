import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { NotRun } from '../../scripts/cluster/report.js'
import { skaffoldRun } from '../../scripts/cluster/skaffold.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-cluster-skaffold-'))
const program = (name: string, line: string): string => {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${line}\n`)
  chmodSync(path, 0o755)
  return path
}
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const reasonNotToRun = (): Promise<unknown> => skaffoldRun().catch(error => error instanceof NotRun && error.message)

it('is not run where skaffold does not answer', async () => {
  vi.stubEnv('SKAFFOLD', program('broken-skaffold', 'exit 1'))
  expect(await reasonNotToRun()).toBe('there is no skaffold: put it on the PATH or name it by SKAFFOLD')
})

it('is not run with a Helm 4, which skaffold does not understand', async () => {
  vi.stubEnv('SKAFFOLD', program('skaffold', 'echo v2.16.1'))
  for (const name of ['helm', 'helm3']) program(name, 'echo v4.1.4')
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`)
  vi.stubEnv('QSM_HELM3', '')
  expect(await reasonNotToRun()).toBe('skaffold needs Helm 3: put it on the PATH as helm3 or name it by QSM_HELM3')
  program('helm3', 'echo v3.20.2')
  vi.stubEnv('QSM_PROOF', '')
  await expect(skaffoldRun()).rejects.toThrow('npm run test:cluster') // It goes on, to what only the proof has.
})

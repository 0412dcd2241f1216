import { afterEach, expect, test, vi } from 'vitest'
import { findHelm } from '../../scripts/tools/helm.mjs'

afterEach(() => vi.unstubAllEnvs())

test('a HELM that does not run is refused by its name, and no other is taken instead', async () => {
  vi.stubEnv('HELM', '/nowhere/helm')
  await expect(findHelm()).rejects.toThrow('HELM=/nowhere/helm is no helm that runs: give its path, or unset HELM')
})

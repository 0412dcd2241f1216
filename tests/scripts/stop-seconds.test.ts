import { stopDeadlineMs } from '@qsm/server-kit'
import { expect, it } from 'vitest'

const { services } = (await import(new URL('../../scripts/services/services.mjs', import.meta.url).href)) as {
  services: readonly { readonly stopSeconds: number }[]
}

it('a service is killed by stop_services.sh only after its own deadline', () => {
  const drainSeconds = Number(process.env.DRAIN_SECONDS ?? 10)
  for (const { stopSeconds } of services) expect(stopSeconds * 1_000).toBeGreaterThan(stopDeadlineMs(drainSeconds))
})

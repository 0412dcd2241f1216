import { getRoot } from '@qsm/contract'
import { route } from '@qsm/server-kit'

export const root = (version: string) =>
  route(getRoot)(async () => ({ status: 200, body: { service: 'qsm', version, docs: '/docs', health: '/api/health' } }))

import { getRoot as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'

export const getRoot = (version: string) =>
  route(contract)(async () => ({
    status: 200,
    body: { service: 'qsm', version, docs: '/docs', health: '/api/health' },
  }))

import { runManagedOperations as contract } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { OperationRunner } from '../devices/run-operations.js'

export const runManagedOperations = (run: OperationRunner) =>
  route(contract)(async ({ body, signal, requestId }) => ({
    status: 200,
    body: { results: [...(await run(body.operations, signal, requestId))] },
  }))

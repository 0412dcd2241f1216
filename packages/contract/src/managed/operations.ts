import * as z from 'zod'
import { errorBody } from '../error-body.js'
import { limits } from '../limits.js'
import { defineRoute } from '../route.js'
import * as device from './device-operations.js'
import * as message from './message-operations.js'
import * as session from './session-operations.js'

/** Everything that a managed device does. */
export const managedOperations = Object.freeze({
  ensure_device: device.ensureDevice,
  make_prekeys: device.makePrekeys,
  make_request: device.makeRequest,
  answer_request: device.answerRequest,
  abandon_answer: device.abandonAnswer,
  destroy_device: device.destroyDevice,
  seal: message.sealMessage,
  read: message.readMessages,
  take_receipts: message.takeReceipts,
  forget_message: message.forgetMessage,
  session_status: session.sessionStatus,
  list_session_peers: session.listSessionPeers,
  end_sessions: session.endSessions,
})
export type ManagedOperationName = keyof typeof managedOperations

const operation = z.discriminatedUnion('operation', [
  device.ensureDevice.input,
  device.makePrekeys.input,
  device.makeRequest.input,
  device.answerRequest.input,
  device.abandonAnswer.input,
  device.destroyDevice.input,
  message.sealMessage.input,
  message.readMessages.input,
  message.takeReceipts.input,
  message.forgetMessage.input,
  session.sessionStatus.input,
  session.listSessionPeers.input,
  session.endSessions.input,
])
export type ManagedOperationInput = z.output<typeof operation>

export const maxOperationsPerCall = 64

/** One operation with the access token of the user for whom it is done. */
export interface ManagedCall {
  readonly token: string
  readonly input: ManagedOperationInput
}

/** What became of it. An operation of a user without a managed device ends with `device_required`. */
export type ManagedResult =
  | { readonly output: unknown }
  | { readonly error: z.output<typeof errorBody>; readonly status: number }

/**
 * How the message service reaches managed devices: over HTTP by the route below, or within one process. Gives one result
 * for each call, in their order; rejects where the quantum service cannot be asked, or when the signal comes.
 */
export type RunManagedOperations = (
  calls: readonly ManagedCall[],
  signal: AbortSignal,
) => Promise<readonly ManagedResult[]>

/**
 * Several operations in one call. The credential of the calling service stands in the header; each operation carries the
 * access token of the user for whom it is done, which is checked here again. One that fails does not touch the others.
 */
export const runManagedOperations = defineRoute({
  operationId: 'runManagedOperations',
  service: 'quantum-crypto',
  method: 'post',
  path: '/internal/managed-operations',
  summary: 'What the message service asks of managed devices',
  auth: 'service',
  maxBodyBytes: 4 * limits.maxSendBodyBytes,
  body: z.strictObject({
    operations: z
      .array(z.strictObject({ token: z.string().max(4_096), input: operation }))
      .min(1)
      .max(maxOperationsPerCall),
  }),
  responses: {
    200: {
      description: 'One result for each operation, in their order.',
      body: z.object({
        results: z.array(z.union([z.object({ output: z.unknown() }), z.object({ error: errorBody, status: z.int() })])),
      }),
    },
  },
})

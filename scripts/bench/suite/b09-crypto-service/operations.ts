import type { RunningQsm } from '../../qsm-server.js'
import type { Post } from '../../thin/post.js'
import type { ThinPerson } from '../../thin/thin-people.js'
import type { Verification } from './verification.js'

/** The operations by the names of their metrics. */
export const operationNames = [
  'encapsulate',
  'wrap_sign',
  'wrap_verify',
  'wrap_verify in batches',
  'thin send',
] as const
export type OperationName = (typeof operationNames)[number]

/** One kind of call; it does `unit` operations. */
export interface Operation {
  readonly unit: number
  /** Calls of each person in a round, so many that the 10 ms ticks of the CPU clock are small beside them. */
  readonly calls: number
  readonly post: (person: ThinPerson, round: number) => Post
  readonly isRight: (answer: Record<string, unknown>) => boolean
}

export const text = 'a line of about the usual length of a chat, give or take'
/** What is sent in a round. */
export const sentIn = (round: number): string => `${text} ${round}`
const batchSize = 64

const isValid = (verdict: unknown): boolean => (verdict as { valid?: unknown } | undefined)?.valid === true

/** The calls to a server. `isBatched`: whether several verifications go in one call. */
export const operationsOn = (
  qsm: RunningQsm,
  given: { readonly kemPublicKey: string; readonly signed: Verification },
  isBatched: boolean,
): Readonly<Record<OperationName, Operation>> => {
  const { kemPublicKey, signed } = given
  const at = (name: string) => `${qsm.quantumUrl}/api/quantum/${name}`
  const verify: Operation = {
    unit: 1,
    calls: 40,
    post: ({ token }) => ({ url: at('wrap_verify'), token, body: signed }),
    isRight: isValid,
  }
  const batch = Array.from({ length: batchSize }, () => signed)
  return {
    encapsulate: {
      unit: 1,
      calls: 40,
      post: ({ token }) => ({
        url: at('encapsulate'),
        token,
        body: { receiver_public_key: kemPublicKey, session_id: 'bench' },
      }),
      isRight: ({ ciphertext, shared_secret }) =>
        String(ciphertext).length === 1_452 && String(shared_secret).length === 44,
    },
    wrap_sign: {
      unit: 1,
      calls: 20,
      post: ({ token, username }) => ({ url: at('wrap_sign'), token, body: { message: text, user_id: username } }),
      isRight: ({ falcon_signature }) => typeof falcon_signature === 'string',
    },
    wrap_verify: verify,
    'wrap_verify in batches': isBatched
      ? {
          unit: batchSize,
          calls: 2,
          post: ({ token }) => ({ url: at('wrap_verify'), token, body: { batch } }),
          isRight: ({ results }) => Array.isArray(results) && results.length === batchSize && results.every(isValid),
        }
      : verify,
    'thin send': {
      unit: 1,
      calls: 20,
      post: ({ token, peer }, round) => ({
        url: `${qsm.url}/api/message/send`,
        token,
        body: { content: sentIn(round), message_type: 'secured', recipient: peer },
      }),
      isRight: ({ status }) => status === 'sent',
    },
  }
}

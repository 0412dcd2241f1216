import { falconPublicBytes, wipe } from '@qsm/protocol'
import { type Build, loadPostQuantum } from '@qsm/wasm'
import { move, workerData } from 'piscina'
import type { FalconTask } from './falcon-tasks.js'

/** Each worker proves its algorithms before it takes a task. */
const { build } = workerData as { readonly build: Build }
const { signer } = await loadPostQuantum({ build })

const generate = async (): Promise<Uint8Array> => {
  const { publicKey, secretKey } = await signer.generateKeyPair()
  const pair = new Uint8Array(falconPublicBytes + secretKey.length)
  pair.set(publicKey)
  pair.set(secretKey, falconPublicBytes)
  wipe(secretKey)
  return pair
}

/**
 * Called by the pool, by its name: a signature of 666 bytes, or a new pair of 897 ‖ 1281 bytes. Its memory goes to the caller.
 * @public
 */
export const runFalconTask = async (task: FalconTask): Promise<ReturnType<typeof move>> => {
  if (task.kind === 'generate') return move(await generate())
  try {
    return move(await signer.sign(task.secretKey, task.message))
  } finally {
    wipe(task.secretKey, task.message)
  }
}

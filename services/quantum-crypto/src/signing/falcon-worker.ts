import { falconPublicBytes, wipe } from '@qsm/protocol'
import { type Build, loadPostQuantum } from '@qsm/wasm'
import { move, workerData } from 'piscina'
import type { FalconTask, SignItem } from './falcon-tasks.js'

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

const sign = async ({ secretKey, message }: SignItem): Promise<Uint8Array> => {
  try {
    return await signer.sign(secretKey, message)
  } finally {
    wipe(secretKey, message)
  }
}

const signAll = async (items: readonly SignItem[]): Promise<(Uint8Array | Error)[]> => {
  const results: (Uint8Array | Error)[] = []
  for (const item of items) results.push(await sign(item).catch((error: Error) => error))
  return results
}

/**
 * Called by the pool, by its name; see `FalconResult`. The memory of a new pair goes to the caller.
 * @public
 */
export const runFalconTask = async (task: FalconTask): Promise<ReturnType<typeof move> | (Uint8Array | Error)[]> => {
  return task.kind === 'generate' ? move(await generate()) : signAll(task.items)
}

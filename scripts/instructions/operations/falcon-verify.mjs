import { loadPostQuantum } from '@qsm/wasm'
import { falconPart } from './envelope-vector.mjs'

const { publicKey, message, signature } = falconPart

export const prepare = async () => {
  const { signer } = await loadPostQuantum()
  return count => {
    for (let done = 0; done < count; done += 1) {
      if (!signer.verify(publicKey, message, signature)) throw new Error('a genuine signature was refused')
    }
  }
}

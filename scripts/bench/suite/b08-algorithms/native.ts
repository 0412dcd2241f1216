import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PostQuantum } from '@qsm/wasm'
import type { OperationName } from './operations.js'

/** What the program calls the operations. */
const nativeNames = {
  'Falcon sign': 'falcon-sign',
  'Falcon verify': 'falcon-verify',
  'Falcon keygen': 'falcon-keygen',
  'ML-KEM keygen': 'kem-keygen',
  'ML-KEM encaps': 'kem-encapsulate',
  'ML-KEM decaps': 'kem-decapsulate',
} as const satisfies Partial<Record<OperationName, string>>

export interface Native {
  /** Operations for each second of CPU time, each measured for so many milliseconds. */
  readonly measure: (milliseconds: number) => Readonly<Record<string, number>>
  /** Throws where it does not verify what we sign, or does not open what we encapsulate. */
  readonly check: (ours: PostQuantum) => Promise<void>
}

const source = fileURLToPath(new URL('./native-speed.c', import.meta.url))

/** Compiles the measuring program into `target` against the liboqs that was built in `folder`. Throws with the words of the compiler. */
export const buildNative = (folder: string, target: string): Native => {
  const program = join(target, 'native-speed')
  const library = [join(folder, 'lib/liboqs.a'), join(folder, 'lib/liboqs-internal.a')].filter(path => existsSync(path))
  const compiled = spawnSync('cc', ['-O2', source, '-I', join(folder, 'include'), ...library, '-lm', '-o', program], {
    encoding: 'utf8',
  })
  if (compiled.status !== 0) {
    throw new Error(`BENCH_LIBOQS=${folder}: ${compiled.error?.message ?? compiled.stderr}`)
  }
  const nanoseconds = (operation: string, milliseconds: number): number => {
    const { stdout, status } = spawnSync(program, [operation, String(milliseconds)], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`native ${operation} ended with ${status}`)
    return Number(stdout)
  }
  return {
    measure: milliseconds =>
      Object.fromEntries(
        Object.entries(nativeNames).map(([name, own]) => [name, 1e9 / nanoseconds(own, milliseconds)]),
      ),
    async check({ kem, signer }) {
      const message = new Uint8Array(randomBytes(1024))
      const pair = await signer.generateKeyPair()
      const signature = await signer.sign(pair.secretKey, message)
      const kemPair = await kem.generateKeyPair()
      const { ciphertext, sharedSecret } = await kem.encapsulate(kemPair.publicKey)
      const input = Buffer.concat([pair.publicKey, signature, message, kemPair.secretKey, ciphertext])
      const { stdout, status } = spawnSync(program, ['check'], { input, encoding: 'utf8' })
      if (status !== 0) throw new Error('the native liboqs does not verify our signature')
      if (stdout !== Buffer.from(sharedSecret).toString('hex')) {
        throw new Error('the native ML-KEM and ours do not agree on a secret')
      }
    },
  }
}

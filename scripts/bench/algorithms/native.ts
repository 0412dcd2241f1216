import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OperationName } from './operations.js'

export interface Native {
  /** Nanoseconds of CPU for one operation, measured for so long. */
  measure(operation: OperationName, milliseconds: number): number
  remove(): void
}

const source = fileURLToPath(new URL('./native-speed.c', import.meta.url))

/** Compiles the measuring program against the liboqs that was built in `folder`. Throws with the words of the compiler. */
export const buildNative = (folder: string): Native => {
  const target = mkdtempSync(join(tmpdir(), 'qsm-native-'))
  const program = join(target, 'native-speed')
  const library = [join(folder, 'lib/liboqs.a'), join(folder, 'lib/liboqs-internal.a')].filter(path => existsSync(path))
  const compiled = spawnSync('cc', ['-O2', source, '-I', join(folder, 'include'), ...library, '-lm', '-o', program], {
    encoding: 'utf8',
  })
  if (compiled.status !== 0) {
    throw new Error(`No native contender out of BENCH_LIBOQS=${folder}: ${compiled.error?.message ?? compiled.stderr}`)
  }
  return {
    measure(operation, milliseconds) {
      const { stdout } = spawnSync(program, [operation, String(milliseconds)], { encoding: 'utf8' })
      return Number(stdout)
    },
    remove: () => rmSync(target, { recursive: true }),
  }
}

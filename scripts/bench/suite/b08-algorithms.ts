import { loadPostQuantum, type PostQuantum } from '@qsm/wasm'
import { loadPostQuantum as loadNoble } from '@qsm/wasm/noble'
import { callsPerCpuSecond } from './b08-algorithms/cpu-per-call.js'
import { crossCheck } from './b08-algorithms/cross-check.js'
import { buildNative } from './b08-algorithms/native.js'
import { loadNodeKem } from './b08-algorithms/node-kem.js'
import { type OperationName, type Operations, operationNames, operationsOf } from './b08-algorithms/operations.js'
import type { Bench, Contender, Metric, Prepared } from './bench.js'

const stock = 'stock build'
const noble = 'noble'
const node = 'Node'
const native = 'liboqs, native'
/** CPU milliseconds of one operation of one contender in one round, or one call where that takes longer. */
const budgetMs = 300

const gates: Partial<Record<OperationName, Readonly<Record<string, number>>>> = {
  'Falcon sign': { [stock]: 25, [native]: 1.3 },
  'Falcon verify': { [stock]: 2.5 },
  'Falcon keygen': { [stock]: 2.2 },
  'ML-KEM keygen': { [stock]: 2.2 },
  'ML-KEM encaps': { [stock]: 2.2 },
  'ML-KEM decaps': { [stock]: 2.2, [node]: 1 },
}
const metrics = operationNames.map((name): Metric => {
  const own = gates[name]
  return { name, unit: 'per CPU s', better: 'higher', ...(own ? { gates: own } : {}) }
})

const measureAll = (operations: Operations): Record<string, number> =>
  Object.fromEntries(Object.entries(operations).map(([name, run]) => [name, callsPerCpuSecond(run, budgetMs)]))

const howToBuild =
  'BENCH_LIBOQS names no native liboqs; after npm run build:wasm its sources LIBOQS are in ~/.cargo/registry/src/*/oqs-sys-*/liboqs: cmake -S LIBOQS -B FOLDER -DOQS_BUILD_ONLY_LIB=ON -DOQS_DIST_BUILD=OFF -DOQS_OPT_TARGET=native -DOQS_USE_OPENSSL=OFF && cmake --build FOLDER, then BENCH_LIBOQS=FOLDER'

const nativeContender = (ours: PostQuantum, target: string): Contender | null => {
  const folder = process.env.BENCH_LIBOQS
  if (!folder) return null
  const program = buildNative(folder, target)
  return {
    name: native,
    async measure() {
      await program.check(ours)
      return program.measure(budgetMs)
    },
  }
}

const nodeContender = (ours: PostQuantum): Contender | null => {
  const kem = loadNodeKem()
  if (!kem) return null
  return {
    name: node,
    async measure() {
      await kem.check(ours.kem)
      return measureAll(kem.operations)
    },
  }
}

const prepare: Bench['prepare'] = async ({ folder }): Promise<Prepared> => {
  // Loading passes the known answers of both algorithms.
  const [plain, kept] = [await loadPostQuantum(), await loadPostQuantum({ keepExpandedKeysMs: 60_000 })]
  const [keptSign, operations] = [(await operationsOf(kept))['Falcon sign'], await operationsOf(plain)]
  const against = async (name: string, other: PostQuantum): Promise<Contender> => {
    const theirs = await operationsOf(other)
    return {
      name,
      async measure() {
        await crossCheck(plain, other)
        return measureAll(theirs)
      },
    }
  }
  const own: Contender = {
    name: 'qsm',
    async measure() {
      await crossCheck(kept, plain)
      return measureAll({ ...operations, ...(keptSign ? { 'Falcon sign': keptSign } : {}) })
    },
  }
  const contenders = [
    own,
    await against(stock, await loadPostQuantum({ build: 'stock' })),
    await against(noble, await loadNoble()),
  ]
  const notRun: { name: string; why: string }[] = []
  const inNode = nodeContender(plain)
  if (inNode) contenders.push(inNode)
  else notRun.push({ name: node, why: `Node ${process.versions.node} has no ML-KEM; 24.7 or newer has` })
  const outside = nativeContender(plain, folder)
  if (outside) contenders.push(outside)
  else notRun.push({ name: native, why: howToBuild })
  return { contenders, notRun, stop: async () => {} }
}

/** ML-KEM and Falcon of our WASM build, beside other implementations of them. */
export const bench: Bench = {
  id: 'B8',
  title: 'Post-quantum algorithms',
  about:
    'ML-KEM-768 and Falcon-512 through the ports that the programs use, messages of 1 024 bytes; operations for each second of CPU time of one thread. Ours signs with a key that stays expanded, as the client keeps it, and in a row of its own with one that does not, as the quantum service signs. Each round cross-checks signatures and secrets.',
  metrics,
  prepare,
}

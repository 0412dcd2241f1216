import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Prepared, Setting } from './bench.js'
import { judge, type Line } from './judge.js'
import { type Samples, takeRounds } from './take-rounds.js'

/** What was not run or, where `isVoid`, has void samples, with the reason. */
export interface Remark {
  readonly name: string
  readonly why: string
  readonly isVoid?: true
}

export interface Result {
  readonly bench: Bench
  readonly lines: readonly Line[]
  readonly remarks: readonly Remark[]
}

const voidRemarks = (samples: Samples): readonly Remark[] =>
  [...samples].flatMap(([name, own]) => {
    const reasons = own.flatMap(sample => ('void' in sample ? [sample.void.split('\n')[0] ?? ''] : []))
    const why = `${reasons.length} of ${own.length} samples void: ${reasons[0]}`
    return reasons.length === 0 ? [] : [{ name, why, isVoid: true }]
  })

/** Prepares a bench, takes its rounds and ends what it started, also when `aborted` fires. */
export const runBench = async (
  bench: Bench,
  setting: Omit<Setting, 'folder'>,
  aborted: AbortSignal,
): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-'))
  let prepared: Prepared | undefined
  const abort = new Promise<never>((_, reject) => {
    aborted.addEventListener('abort', () => reject(new Error('stopped by a signal')), { once: true })
  })
  abort.catch(() => undefined) // It is awaited below only while something runs.
  try {
    prepared = await bench.prepare({ ...setting, folder })
    aborted.throwIfAborted()
    const samples = await Promise.race([takeRounds(prepared.contenders, setting.rounds, setting.say), abort])
    return { bench, lines: judge(bench, prepared, samples), remarks: [...prepared.notRun, ...voidRemarks(samples)] }
  } finally {
    await prepared?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

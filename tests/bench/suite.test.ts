import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Bench, Contender, Prepared, Setting } from '../../scripts/bench/suite/bench.js'
import { drawRatios } from '../../scripts/bench/suite/draw-ratios.js'
import { judge } from '../../scripts/bench/suite/judge.js'
import { readOptions } from '../../scripts/bench/suite/options.js'
import { renderTable } from '../../scripts/bench/suite/render-table.js'
import { runBench } from '../../scripts/bench/suite/run-bench.js'
import { median, spreadOf } from '../../scripts/bench/suite/spread.js'
import { takeRounds } from '../../scripts/bench/suite/take-rounds.js'

const quiet = () => undefined
const contender = (name: string, ...values: readonly Record<string, number>[]): Contender => ({
  name,
  measure: async round => values[round % values.length] ?? {},
})
const prepared = (contenders: readonly Contender[], notRun: Prepared['notRun'] = []): Prepared => ({
  contenders,
  notRun,
  stop: async () => undefined,
})
const bench = (of: Prepared): Bench => ({
  id: 'B0',
  title: 'An example',
  about: 'Nothing is measured.',
  metrics: [
    { name: 'rate', unit: '1/s', better: 'higher', gates: { slow: 2, absent: 3 }, limit: 50 },
    { name: 'cpu', unit: 'µs', better: 'lower', gates: { slow: 5 }, limit: 60 },
  ],
  prepare: async () => of,
})
const setting: Omit<Setting, 'folder'> = { rounds: 3, say: quiet, peers: undefined, write: false }
const never = new AbortController().signal

describe('A bench of the suite', () => {
  test('judges the median of the ratios within rounds, turned so that higher is better', async () => {
    const both = prepared(
      [
        contender('qsm', {}, { rate: 100, cpu: 50 }, { rate: 200, cpu: 40 }, { rate: 90, cpu: 45 }),
        contender('slow', {}, { rate: 50, cpu: 200 }, { rate: 50, cpu: 200 }, { rate: 45, cpu: 180 }),
      ],
      [{ name: 'absent', why: 'it is not here' }],
    )
    const { lines } = await runBench(bench(both), setting, never)
    const line = (metric: string, name: string) => lines.find(l => l.metric === metric && l.contender === name)
    // Within rounds 2, 4 and 2; the ratio of the medians would be 100 / 50 too, the greatest is 4.
    expect(line('rate', 'slow')).toStrictEqual({
      bench: 'B0',
      metric: 'rate',
      unit: '1/s',
      contender: 'slow',
      median: 50,
      ratio: 2,
      low: 2,
      high: 4,
      gate: 2,
      met: true,
    })
    expect(line('cpu', 'slow')).toMatchObject({ median: 200, ratio: 4, low: 4, high: 5, gate: 5, met: false })
    expect(line('cpu', 'limit')).toMatchObject({ median: 60, gate: 1, met: true })
    expect(line('cpu', 'limit')?.ratio).toBeCloseTo(60 / 45)
    expect(line('rate', 'limit')).toMatchObject({ median: 50, ratio: 2, gate: 1, met: true })
    expect(line('rate', 'qsm')).toMatchObject({ median: 100, ratio: 1, gate: null, met: null })
    expect(line('rate', 'absent')).toMatchObject({ median: null, ratio: null, gate: 3, met: null })
  })

  test('throws round 0 away, lets all run in each round and rotates who is first', async () => {
    const order: string[] = []
    const noted = (name: string): Contender => ({
      name,
      measure: async round => {
        order.push(`${round}${name}`)
        return { rate: round }
      },
    })
    const samples = await takeRounds(['a', 'b', 'c'].map(noted), 2, quiet)
    expect(order).toStrictEqual(['0a', '0b', '0c', '1b', '1c', '1a', '2c', '2a', '2b'])
    expect(samples.get('a')).toStrictEqual([{ values: { rate: 1 } }, { values: { rate: 2 } }])
  })

  test('leaves a void sample out of the ratios and says why', async () => {
    const failing: Contender = {
      name: 'slow',
      measure: async round => {
        if (round === 2) throw new Error('3 messages lost')
        return { rate: 10 * round }
      },
    }
    const all = prepared([contender('qsm', { rate: 60 }), failing])
    const result = await runBench(bench(all), setting, never)
    expect(result.lines.find(l => l.contender === 'slow' && l.metric === 'rate')).toMatchObject({
      median: 20,
      low: 2,
      high: 6,
    })
    expect(renderTable(result.bench, result.lines, result.remarks)).toContain(
      'slow: 1 of 3 samples void: 3 messages lost',
    )
  })

  test('has no verdict where QSM itself was void', async () => {
    const failing: Contender = { name: 'qsm', measure: () => Promise.reject(new Error('lost')) }
    const of = bench(prepared([failing, contender('slow', { rate: 1, cpu: 1 })]))
    const { lines, remarks } = await runBench(of, setting, never)
    for (const line of lines) expect(line.met).toBeNull()
    expect(renderTable(of, lines, remarks)).toContain('| rate, 1/s | QSM | not measured |  |  |')
  })

  test('shows a missed gate and what was not run in its table', () => {
    const all = prepared([contender('qsm'), contender('slow')], [{ name: 'absent', why: 'it is not here' }])
    const samples = new Map([
      ['qsm', [{ values: { rate: 10 } }]],
      ['slow', [{ values: { rate: 10 } }]],
    ])
    const lines = judge(bench(all), all, samples)
    const table = renderTable(bench(all), lines, all.notRun)
    expect(table).toContain('| Metric | Contender | Median | QSM over it (spread) | Gate |')
    expect(table).toContain('| rate, 1/s | slow | 10 | 1 (1 to 1) | 2: **missed** |')
    expect(table).toContain('| rate, 1/s | absent | not run |  | 3: not run |')
    expect(table).toContain('- absent: it is not here')
    expect(drawRatios('B0 & all', lines)).toMatch(/<title>B0 &amp; all<[\s\S]*rate: slow/)
  })

  test('ends what it started and removes its folder when it is stopped in a round', async () => {
    let [stopped, folder] = [false, '']
    const stopping = new AbortController()
    const endless: Bench = {
      ...bench(prepared([])),
      prepare: async given => {
        folder = given.folder
        return {
          contenders: [{ name: 'qsm', measure: () => new Promise(() => stopping.abort()) }],
          notRun: [],
          stop: async () => {
            stopped = true
          },
        }
      },
    }
    await expect(runBench(endless, setting, stopping.signal)).rejects.toThrow('stopped by a signal')
    expect([stopped, existsSync(folder)]).toStrictEqual([true, false])
  })
})

describe('The spread of ratios', () => {
  test('is all of them up to five, then the order statistics that hold the median by 95 %', () => {
    expect(spreadOf([3, 1, 2])).toStrictEqual({ median: 2, low: 1, high: 3 })
    // Of nine the second and the eighth cover 96.1 %, the third and the seventh only 82 %.
    expect(spreadOf([1, 2, 3, 4, 5, 6, 7, 8, 9])).toStrictEqual({ median: 5, low: 2, high: 8 })
    expect(spreadOf([1, 2, 3, 4, 5, 6])).toStrictEqual({ median: 3.5, low: 1, high: 6 })
    expect(spreadOf([])).toBeNull()
    expect(median([])).toBeNaN()
  })
})

describe('The command line of the suite', () => {
  const all = ['B1', 'B8', 'B8P', 'B10'].map(id => ({ ...bench(prepared([])), id }))

  test('takes names in any case, in the order of the suite, and all without a name', () => {
    const read = readOptions(['b10', 'B1', '--rounds', '9', '--json', 'x.json'], all)
    expect(read.benches.map(({ id }) => id)).toStrictEqual(['B1', 'B10'])
    expect(read).toMatchObject({ rounds: 9, json: 'x.json', write: false })
    expect(readOptions([], all)).toMatchObject({ benches: all, rounds: 3 })
    const ids = (...names: string[]) => readOptions(names, all).benches.map(({ id }) => id)
    expect([ids('B8'), ids('B8P')]).toStrictEqual([['B8', 'B8P'], ['B8P']])
  })

  test.each([
    [['B2'], 'there is no bench "B2"; there are B1 B8 B8P B10'],
    [['--rounds', '0'], '--rounds must be a whole number from 1 to 99, not "0"'],
    [['--rounds', 'two'], 'not "two"'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args, all)).toThrow(message)
  })
})

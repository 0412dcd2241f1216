import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { faultKinds } from '../../tests/history/checker.js'
import { say, timed } from './proof.js'

type Outcome = 'right' | 'WRONG' | 'not run'

interface Row {
  readonly name: string
  readonly outcome: Outcome
  readonly seconds: number
  readonly detail: string
}

/** One row for each disturbance: how many messages were acknowledged meanwhile, and what the checker found of each kind. */
export interface HistoryRow {
  readonly name: string
  readonly seconds: number
  readonly acknowledged: number
  readonly counts: readonly number[]
}

const file = fileURLToPath(new URL('../../cluster-results/report.md', import.meta.url))
const rows: Row[] = []
const histories: HistoryRow[] = []

/** What a step throws that has nothing to run with here; the message says what is missing. */
export class NotRun extends Error {}

/** Runs a step and keeps how it ended; a step that fails does not end the proof. `act` resolves with a detail. */
export const step = async (name: string, act: () => Promise<string | undefined>): Promise<boolean> => {
  say(`${name} …`)
  let detail = ''
  let outcome: Outcome = 'right'
  const ms = await timed(async () => {
    try {
      detail = (await act()) ?? ''
    } catch (error) {
      outcome = error instanceof NotRun ? 'not run' : 'WRONG'
      detail = (error as Error).message
    }
  })
  rows.push({ name, outcome, seconds: ms / 1_000, detail })
  say(`${outcome}  ${name}, ${(ms / 1_000).toFixed(1)} s${detail ? `: ${detail}` : ''}`)
  return (outcome as Outcome) === 'right'
}

export const notRun = (name: string, reason: string): void => {
  rows.push({ name, outcome: 'not run', seconds: 0, detail: reason })
  say(`not run  ${name}: ${reason}`)
}

export const history = (row: HistoryRow): void => {
  histories.push(row)
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').slice(0, 300)

/** Writes the tables to cluster-results/report.md and prints them. Resolves with whether everything was right. */
export const finish = (): boolean => {
  const text = [
    `# Proof on a cluster, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    '',
    '| Step | | Seconds | |',
    '|---|---|---:|---|',
    ...rows.map(row => `| ${row.name} | ${row.outcome} | ${row.seconds.toFixed(1)} | ${cell(row.detail)} |`),
    '',
    `| While people talk | Seconds | Acknowledged | ${faultKinds.join(' | ')} |`,
    `|---|---:|---:|${faultKinds.map(() => '---:|').join('')}`,
    ...histories.map(row => `| ${[row.name, row.seconds.toFixed(1), row.acknowledged, ...row.counts].join(' | ')} |`),
    '',
  ].join('\n')
  mkdirSync(new URL('../../cluster-results/', import.meta.url), { recursive: true })
  writeFileSync(file, text)
  console.log(text)
  const wrong = rows.filter(({ outcome }) => outcome === 'WRONG').length
  console.log(`${rows.filter(({ outcome }) => outcome === 'right').length} passed, ${wrong} failed`)
  return wrong === 0
}

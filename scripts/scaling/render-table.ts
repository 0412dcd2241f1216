import type { Assumptions } from './assumptions.js'
import { lossMinute, lossMinutes, type Minute } from './day.js'
import { parts } from './demand.js'
import type { Size } from './size.js'

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US').replaceAll(',', ' ') : String(Number(value.toPrecision(3)))
/** A computed one is not known to more than two digits. */
const fullAt = (users: number): string => number(Number(users.toPrecision(2)))
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`
const duration = (ms: number): string => (ms >= 1_000 ? `${number(ms / 1_000)} s` : `${number(ms)} ms`)

const labels = {
  message: 'message pods',
  auth: 'auth pods',
  quantum: 'quantum-crypto pods',
  redis: 'Redis shards',
  postgres: 'PostgreSQL primaries',
} as const

const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

const worst = (minutes: readonly Minute[], value: (minute: Minute) => number) => Math.max(...minutes.map(value))

/** How many of each part are needed, how busy they are over a day, and what one primary and one Redis bear. Markdown. */
export const renderTables = (
  given: Assumptions,
  size: Size,
  days: { readonly usual: readonly Minute[]; readonly zoneLost: readonly Minute[] },
): string => {
  const hour = days.zoneLost.slice(lossMinute, lossMinute + lossMinutes)
  const ofParts = parts.map(part => [
    labels[part],
    number(size.units[part]),
    percent(worst(days.usual, minute => minute.busy[part])),
    duration(worst(days.usual, minute => minute.wait99Ms[part])),
    percent(worst(hour, minute => minute.busy[part])),
    duration(worst(hour, minute => minute.wait99Ms[part])),
  ])
  const ofPrimary = size.primary.map(({ what, needed, limit, fullAtUsers }) => [
    what,
    number(needed),
    number(limit),
    fullAt(fullAtUsers),
  ])
  return [
    `${number(given.users)} users`,
    '',
    table(['Part', 'Needed', 'Busy at the peak', 'Wait p99', 'Busy, a zone lost', 'Wait p99, a zone lost'], ofParts),
    '',
    table(
      ['One primary would bear', 'Needed', 'Limit', 'Full at users'],
      [
        ...ofPrimary,
        ['(one Redis: cores)', number(given.users / size.redisFullAtUsers), 1, fullAt(size.redisFullAtUsers)],
      ],
    ),
  ].join('\n')
}

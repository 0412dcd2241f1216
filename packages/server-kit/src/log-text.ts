import type { DestinationStream } from 'pino'

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }

type Line = Record<string, unknown> & {
  level: number
  time: string
  msg?: string
  err?: { stack?: string; message?: string }
}

/** A JSON line as people read it: `14:03:12.123 info  request  method=GET status=200`, with a stack below where there is one. */
export const textOf = (json: string): string => {
  const { level, time, msg, err, service: _, ...fields } = JSON.parse(json) as Line
  const values = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const head = [time.slice(11, 23), (levels[level] ?? String(level)).padEnd(5), msg ?? '', values.join(' ')]
  const stack = err ? `\n${err.stack ?? err.message ?? ''}` : ''
  return `${head.join(' ').trimEnd()}${stack}\n`
}

/** A destination that turns each JSON line into text. */
export const textLines = (output: DestinationStream): DestinationStream => ({
  write(json) {
    output.write(textOf(json))
  },
})

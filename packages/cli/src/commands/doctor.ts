import type { Command } from '../command.js'

interface Health {
  readonly status?: string
  readonly version?: string
}

/** Looks at the server, the account and the algorithms; each finding is a line. */
export const doctor: Command = async ({ output, client, options }) => {
  let failed = false
  const report = (name: string, ok: boolean, detail: string) => {
    failed ||= !ok
    output.say(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)} ${detail}`, { name, ok, detail })
  }
  report('Node.js', true, process.version)
  try {
    const response = await fetch(new URL('/api/health', options.url), { signal: AbortSignal.timeout(5_000) })
    const health = (await response.json()) as Health
    report('server', response.ok, `${options.url} is ${health.status}, version ${health.version}`)
  } catch {
    report('server', false, `${options.url} does not answer: is it running, and is --url right?`)
  }
  try {
    const me = await client()
    const devices = await me.devices()
    report('account', true, `${me.username}, ${devices.length} device${devices.length === 1 ? '' : 's'}`)
  } catch (error) {
    report('account', false, (error as Error).message)
  }
  if (failed) throw new Error('Something above needs a look.')
}

import { reportAlgorithms } from '@qsm/client'
import type { Command, CommandContext } from '../command.js'

interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** The server takes a device's record when its time is within 5 minutes of the server's own (docs/protocol.md section 3). */
const maxSkewMs = 300_000

const lookAtAlgorithms = async (): Promise<readonly Finding[]> => {
  const { library, version, algorithms, selfTest } = await reportAlgorithms()
  return algorithms.map(({ name, wasmSha256 }) => ({
    name,
    ok: selfTest.passed,
    detail: `${library} ${version}, self-test passed, ${wasmSha256 ? `SHA-256 ${wasmSha256}` : 'no WASM'}`,
  }))
}

const lookAtServer = async (url: string): Promise<readonly Finding[]> => {
  const response = await fetch(`${url.replace(/\/+$/, '')}/api/health`, { signal: AbortSignal.timeout(5_000) }).catch(
    () => null,
  )
  if (!response) {
    const detail = `${url} does not answer: is it running, and is the address right (--url, QSM_URL)?`
    return [{ name: 'server', ok: false, detail }]
  }
  const health = (await response.json().catch(() => ({}))) as { status?: string; version?: string; timestamp?: string }
  if (!health.status || !health.timestamp) {
    const detail = `${url} answers ${response.status}, and not as a QSM server: is the address right (--url, QSM_URL)?`
    return [{ name: 'server', ok: false, detail }]
  }
  const skewMs = Date.now() - Date.parse(health.timestamp)
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  const isClose = Math.abs(skewMs) < maxSkewMs
  const clock = `${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} the server${isClose ? '' : ': set the clock of this machine'}`
  return [
    { name: 'server', ok: response.ok, detail: `${url} is ${health.status}, version ${health.version}` },
    { name: 'clock', ok: isClose, detail: clock },
  ]
}

const lookAtAccount = async (client: CommandContext['client']): Promise<readonly Finding[]> => {
  try {
    const me = await client()
    const devices = await me.devices()
    const aside = await me.quarantined()
    const detail = `${me.username}, ${devices.length} device${devices.length === 1 ? '' : 's'}, ${aside.length} envelopes that could not be opened`
    return [{ name: 'account', ok: true, detail }]
  } catch (error) {
    return [{ name: 'account', ok: false, detail: (error as Error).message }]
  }
}

/** Looks at the algorithms, the server and the account; each finding is a line. */
export const doctor: Command = async ({ output, client, options }) => {
  const { url } = await options()
  const findings: Finding[] = [{ name: 'Node.js', ok: true, detail: process.version }]
  findings.push(...(await lookAtAlgorithms()), ...(await lookAtServer(url)), ...(await lookAtAccount(client)))
  for (const { name, ok, detail } of findings) {
    await output.say(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(20)} ${detail}`, { name, ok, detail })
  }
  if (findings.some(({ ok }) => !ok)) throw new Error('Something above needs a look.')
}

import { codeOf, type Finding, untrustedCertificate } from './finding.js'

/** The server takes a device's record when its time is within 5 minutes of the server's own (docs/protocol.md section 3). */
const maxSkewMs = 300_000
const timeoutMs = 5_000

const notOk = (detail: string): readonly Finding[] => [{ name: 'server', ok: false, detail }]

/** Asks a server at `url` for its health: `server`, and where it answers as one also `clock`. */
export const lookAtServer = async (url: string): Promise<readonly Finding[]> => {
  let response: Response
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/api/health`, { signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    const code = codeOf(error)
    const away = `${url} does not answer: is it running, and is the address right (--url, QSM_URL)?`
    return notOk(untrustedCertificate(url, code) ?? `${away}${code ? ` (${code})` : ''}`)
  }
  const health = (await response.json().catch(() => ({}))) as { status?: string; version?: string; timestamp?: string }
  if (!health.status || !health.timestamp)
    return notOk(`${url} answers ${response.status}, and not as a QSM server: is the address right (--url, QSM_URL)?`)
  const skewMs = Date.now() - Date.parse(health.timestamp)
  const seconds = Math.round(Math.abs(skewMs) / 1_000)
  const isClose = Math.abs(skewMs) < maxSkewMs
  const clock = `${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} the server${isClose ? '' : ': set the clock of this machine'}`
  return [
    { name: 'server', ok: response.ok, detail: `${url} is ${health.status}, version ${health.version}` },
    { name: 'clock', ok: isClose, detail: clock },
  ]
}

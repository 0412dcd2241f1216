import { reportAlgorithms } from '@qsm/client'
import type { Command, CommandContext } from '../command.js'
import { type Finding, sayFinding } from '../findings/finding.js'
import { lookAtServer } from '../findings/server.js'
import { lookAtTls } from '../findings/tls.js'

const lookAtAlgorithms = async (): Promise<readonly Finding[]> => {
  const { library, version, algorithms, selfTest } = await reportAlgorithms()
  return algorithms.map(({ name, wasmSha256 }) => ({
    name,
    ok: selfTest.passed,
    detail: `${library} ${version}, self-test passed, ${wasmSha256 ? `SHA-256 ${wasmSha256}` : 'no WASM'}`,
  }))
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
  findings.push(...(await lookAtAlgorithms()), ...(await lookAtServer(url)), ...(await lookAtTls(url)))
  findings.push(...(await lookAtAccount(client)))
  for (const finding of findings) await sayFinding(output, finding)
  if (findings.some(({ ok }) => !ok)) throw new Error('Something above needs a look.')
}

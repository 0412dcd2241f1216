import { SetupError } from '../setup/step.mjs'
import { describeHolder, isPortFree } from './port-holder.mjs'
import { programName } from './services.mjs'

const isQsm = async port => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/health`, { signal: AbortSignal.timeout(1_000) })
    return ['qsm', 'quantum-crypto'].includes((await response.json()).service)
  } catch {
    return false // It speaks another language, or none.
  }
}

const explain = async ({ variable, port }) => {
  const holder = describeHolder(port)
  const own = (await isQsm(port))
    ? ' It is a QSM server that this script has not started; "npm start" is stopped by Ctrl-C in its terminal.'
    : ''
  return `Port ${port} is in use by ${holder}.${own} Stop it, or choose another port: ${variable}=${port + 10} ${programName}`
}

/** Throws `SetupError` that names every busy port of these services, who has it, and the way out. */
export const requireFreePorts = async services => {
  const problems = []
  for (const { variable, port } of services.flatMap(service => service.ports)) {
    if (!Number.isInteger(port) || port > 65_535) continue // The server itself says what is wrong with it.
    if (port === 0) problems.push(`${variable}=0 lets the system choose a port; here it must be a fixed one.`)
    else if (!(await isPortFree(port))) problems.push(await explain({ variable, port }))
  }
  if (problems.length > 0) throw new SetupError(problems.join('\n'))
}

import { createServer } from 'node:net'
import { describeHolder, isPortFree } from '../services/port-holder.mjs'
import { SetupError } from '../setup/step.mjs'

const probe = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, server }))
  })

/** So many different free ports of this machine. */
export const freePorts = async count => {
  const probes = []
  for (let index = 0; index < count; index += 1) probes.push(await probe())
  await Promise.all(probes.map(({ server }) => new Promise(resolve => server.close(resolve))))
  return probes.map(({ port }) => port)
}

/** The port of PORT, 8000 where it is not set. Throws `SetupError` where it is busy or none. */
export const balancerPort = async text => {
  const port = Number(text || 8_000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SetupError(`PORT=${text}: a whole number from 0 to 65535; 0 lets the system choose.`)
  }
  if (port === 0) return (await freePorts(1))[0]
  if (await isPortFree(port)) return port
  throw new SetupError(
    `Port ${port} is in use by ${describeHolder(port)}. Stop it, or choose another port: PORT=${port + 10} npm run replicas`,
  )
}

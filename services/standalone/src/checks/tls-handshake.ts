import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { endpointOf } from './endpoint.js'
import { type Finding, fail, notRun, ok, reasonOf } from './finding.js'

const name = 'public TLS'
const timeoutMs = 5_000
/** The first major version of Node whose OpenSSL (3.5) has the hybrid groups. */
const hybridSince = 24

interface Handshake {
  readonly version: string
  readonly group: string
}

const shakeHands = (url: URL): Promise<Handshake> =>
  new Promise((resolve, reject) => {
    const endpoint = endpointOf(url)
    const named = isIP(endpoint.host) ? {} : { servername: endpoint.host } // RFC 6066, section 3: no addresses.
    const socket: TLSSocket = connect({ ...endpoint, ...named, timeout: timeoutMs })
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error(`silent for ${timeoutMs} ms`)))
    socket.once('secureConnect', () => {
      const { name: group } = (socket.getEphemeralKeyInfo() ?? {}) as { readonly name?: string }
      resolve({ version: socket.getProtocol() ?? 'unknown', group: group ?? 'unknown' })
      socket.destroy()
    })
  })

/** TLS version and key-exchange group that a client like this one gets (draft-ietf-tls-ecdhe-mlkem). */
export const checkTls = async (base: string): Promise<Finding> => {
  const url = new URL(base)
  if (url.protocol !== 'https:') return notRun(name, 'QSM_PUBLIC_URL is http: fit for a trial on one machine only')
  if (Number(process.versions.node.split('.')[0]) < hybridSince) {
    return notRun(name, `needs Node ${hybridSince}, which offers X25519MLKEM768; this is ${process.version}`)
  }
  try {
    const { version, group } = await shakeHands(url)
    if (group.includes('MLKEM')) return ok(name, `${version} with ${group}`)
    const text = `${version} with ${group}: who records it may open it with a quantum computer later; let the proxy offer X25519MLKEM768 in TLS 1.3`
    return fail(name, text)
  } catch (error) {
    return fail(
      name,
      `no handshake with ${url.host} (${reasonOf(error)}): correct the certificate, or NODE_EXTRA_CA_CERTS here`,
    )
  }
}

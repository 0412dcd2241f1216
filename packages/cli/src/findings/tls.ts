import { once } from 'node:events'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { codeOf, type Finding, untrustedCertificate } from './finding.js'

/** Hybrid of X25519 and ML-KEM-768 for TLS 1.3. */
const wantedGroup = 'X25519MLKEM768'
/** The first Node.js whose OpenSSL (3.5) has the group. */
const firstNodeMajor = 24
const timeoutMs = 5_000

const canOffer = (): boolean => Number.parseInt(process.versions.node, 10) >= firstNodeMajor

const negotiate = async (url: URL): Promise<{ readonly version: string; readonly group: string }> => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // By the name in the handshake (SNI) an ingress chooses the certificate; an IP address may not stand there.
  const socket = connect({ host, port: Number(url.port || 443), ...(isIP(host) ? {} : { servername: host }) })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) })
    const { name } = Object(socket.getEphemeralKeyInfo()) as { name?: string }
    return { version: socket.getProtocol() ?? 'TLS', group: name ?? 'no group' }
  } finally {
    socket.on('error', () => {}) // It is given up.
    socket.destroy()
  }
}

const judge = (version: string, group: string, isRequired: boolean): Omit<Finding, 'name'> => {
  if (!canOffer()) {
    const detail = `${version}; key-exchange group not run: needs Node ${firstNodeMajor}, this is ${process.version}`
    return { ok: !isRequired, detail }
  }
  const isWanted = group === wantedGroup
  const advice = `not post-quantum. Let what ends TLS offer ${wantedGroup} (OpenSSL 3.5, Go 1.24 or newer)`
  return { ok: isWanted || !isRequired, detail: `${version}, ${group}${isWanted ? '' : `: ${advice}`}` }
}

/**
 * The TLS version and the key-exchange group that a server at an https address agrees on with this Node.js. Where
 * post-quantum key exchange is required, everything but X25519MLKEM768 is a failure, also that it could not be seen.
 */
export const lookAtTls = async (url: string, isRequired = false): Promise<readonly Finding[]> => {
  const name = 'TLS'
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:') {
    const detail = `${url} is without TLS, and --require-post-quantum-tls was given: give its https address`
    return isRequired ? [{ name, ok: false, detail }] : []
  }
  try {
    const { version, group } = await negotiate(parsed)
    return [{ name, ...judge(version, group, isRequired) }]
  } catch (error) {
    const code = codeOf(error)
    const failed = `no TLS connection to ${parsed.host}: is it an https address?${code ? ` (${code})` : ''}`
    return [{ name, ok: false, detail: untrustedCertificate(url, code) ?? failed }]
  }
}

import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { getHealth } from '@qsm/contract'
import type { CheckedConfig } from './checked-config.js'
import { endpointOf } from './endpoint.js'
import { type Finding, fail, notRun, ok, reasonOf } from './finding.js'
import { checkTls } from './tls-handshake.js'

const timeoutMs = 5_000
const correct = 'correct QSM_PUBLIC_URL, or the DNS and the proxy in front'

const checkHealth = async (base: string): Promise<Finding> => {
  const name = 'public address'
  const url = new URL(getHealth.path, base)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    const to = response.headers.get('location')
    if (to)
      return fail(name, `${url.href} leads elsewhere, to ${encodeURI(to)}: set QSM_PUBLIC_URL to where clients end up`)
    const body = await response.json().catch(() => null)
    const { status, service } = (body ?? {}) as { readonly status?: unknown; readonly service?: unknown }
    // Whoever answers there, terminals show only words of it.
    if (service !== 'qsm' || !/^[a-z]+$/.test(String(status))) {
      return fail(
        name,
        `${url.href} answers ${response.status}, but not as the message service does: let the proxy hand /api/health on to it`,
      )
    }
    if (!response.ok)
      return fail(name, `${url.href} answers ${response.status}, ${status}: look at the log of the pods`)
    return ok(name, `${url.href} answers: ${status}`)
  } catch (error) {
    return fail(name, `${url.href} does not answer (${reasonOf(error)}): ${correct}`)
  }
}

/** Asks for a WebSocket without a token. Resolves with the status of the answer; 101 where it is upgraded. */
const askForSocket = (url: URL): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    const asked = request(url, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      },
    })
    asked.once('error', reject)
    asked.once('upgrade', (_response, socket) => {
      socket.destroy()
      resolve(101)
    })
    asked.once('response', response => {
      response.destroy()
      resolve(response.statusCode ?? 0)
    })
    asked.end()
  })

const explainStatus = (status: number): string => {
  if (status === 101) return 'is upgraded without a token, so it is not QSM that answers there'
  if (status === 426) return 'answers 426: a proxy takes the Upgrade header away; let it hand on WebSockets (HTTP/1.1)'
  if (status === 404) return 'answers 404: let the proxy hand /ws on to the message service, with ENABLE_WEBSOCKET=true'
  if (status >= 500) return `answers ${status}: the proxy does not reach the message service`
  return `answers ${status} instead of 401: let the proxy hand /ws on as it is, with its Upgrade header`
}

const checkSocket = async (base: string): Promise<Finding> => {
  const name = 'public WebSocket'
  const url = new URL('/ws', base)
  try {
    const status = await askForSocket(url)
    if (status === 401) return ok(name, `${url.href} asks for a token, so upgrades arrive`)
    return fail(name, `${url.href} ${explainStatus(status)}`)
  } catch (error) {
    return fail(name, `${url.href} does not answer (${reasonOf(error)}): ${correct}`)
  }
}

const takesConnections = async (base: string): Promise<boolean> => {
  const socket = connect({ ...endpointOf(new URL(base)), timeout: timeoutMs })
  socket.once('timeout', () => socket.destroy(new Error('silent')))
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return isOpen
}

/**
 * What clients meet at QSM_PUBLIC_URL: health, a socket, and TLS. A pod may not be let out to it, and cannot tell that from
 * an address where nobody is: then nothing was tried.
 */
export const checkPublicAddress = async (config: CheckedConfig): Promise<readonly Finding[]> => {
  const base = config.QSM_PUBLIC_URL
  if (!base) return [notRun('public address', 'QSM_PUBLIC_URL is not set')]
  if (config.KUBERNETES_SERVICE_HOST && !(await takesConnections(base))) {
    const text = `this pod does not reach ${base}, as a NetworkPolicy may want it: helm test tries it from outside`
    return [notRun('public address', text)]
  }
  const socket =
    config.ENABLE_WEBSOCKET === false ? notRun('public WebSocket', 'ENABLE_WEBSOCKET is false') : checkSocket(base)
  return Promise.all([checkHealth(base), socket, checkTls(base)])
}

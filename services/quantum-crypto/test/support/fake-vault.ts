import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secret } from '@qsm/server-kit'

/** What a request is answered with in place of the usual: a status, a body and where to go, or never. */
export type Instead = { readonly status: number; readonly body: string; readonly location?: string } | 'never' | null

export interface FakeVault {
  readonly url: string
  readonly token: string
  /** As the key `qsm` of the mount `transit` is addressed. */
  readonly address: { readonly url: string; readonly token: Secret; readonly mount: string; readonly key: string }
  /** As the configuration names it. */
  readonly environment: Readonly<Record<string, string>>
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Connections that were made. */
  connections(): number
  /** The transit key gets a new version; older ones still open. */
  rotate(): void
  /** Versions below this one do not open any more. */
  setMinDecryptionVersion(version: number): void
  /** Asked before each request. */
  answerInstead(hook: (path: string) => Instead): void
  stop(): Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<Record<string, string>> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString('utf8'))
}

const send = (response: ServerResponse, status: number, body: string): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
}
const refuse = (response: ServerResponse, status: number, ...errors: string[]) =>
  send(response, status, JSON.stringify({ errors }))

const encrypt = (key: Buffer, plaintext: Buffer, context: Buffer): string => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

const decrypt = (key: Buffer, sealed: Buffer, context: Buffer): Buffer | null => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(context)
  try {
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  } catch {
    return null // Answered with 400.
  }
}

/** A server with the part of the Transit API that is used, with one key `qsm` of type aes256-gcm96. */
export const startFakeVault = async (options: { readonly type?: string } = {}): Promise<FakeVault> => {
  const token = `hvs.${randomBytes(18).toString('base64url')}`
  const versions = [randomBytes(32)]
  const asked: string[] = []
  let [minDecryptionVersion, connections] = [1, 0]
  let instead: (path: string) => Instead = () => null
  const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64')

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? ''
    const body = await bodyOf(request)
    asked.push(path)
    const other = instead(path)
    if (other === 'never') return
    if (other?.location) response.setHeader('Location', other.location)
    if (other) return send(response, other.status, other.body)
    if (request.headers['x-vault-token'] !== token) return refuse(response, 403, 'permission denied')
    const latest = versions.length
    if (request.method === 'GET' && path === '/v1/transit/keys/qsm') {
      const data = { type: options.type ?? 'aes256-gcm96', latest_version: latest, derived: false }
      return send(response, 200, JSON.stringify({ data }))
    }
    if (request.method === 'POST' && path === '/v1/transit/encrypt/qsm') {
      const sealed = encrypt(versions.at(-1) as Buffer, decode(body.plaintext), decode(body.associated_data))
      return send(response, 200, JSON.stringify({ data: { ciphertext: `vault:v${latest}:${sealed}` } }))
    }
    if (request.method === 'POST' && path === '/v1/transit/decrypt/qsm') {
      const [, number, sealed] = /^vault:v(\d+):(.+)$/.exec(body.ciphertext ?? '') ?? []
      const key = versions[Number(number) - 1]
      if (!key) return refuse(response, 400, 'invalid ciphertext: version is too new')
      if (Number(number) < minDecryptionVersion) {
        return refuse(response, 400, 'ciphertext or signature version is disallowed by policy (too old)')
      }
      const plaintext = decrypt(key, decode(sealed), decode(body.associated_data))
      if (!plaintext) return refuse(response, 400, 'cipher: message authentication failed')
      return send(response, 200, JSON.stringify({ data: { plaintext: plaintext.toString('base64') } }))
    }
    refuse(response, 404)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(error => response.destroy(error))
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    token,
    address: { url, token: new Secret(token), mount: 'transit', key: 'qsm' },
    environment: { QSM_KEK_VAULT_URL: url, QSM_KEK_VAULT_TOKEN: token, QSM_KEK_VAULT_KEY: 'qsm' },
    asked,
    connections: () => connections,
    rotate: () => void versions.push(randomBytes(32)),
    setMinDecryptionVersion(version) {
      minDecryptionVersion = version
    },
    answerInstead(hook) {
      instead = hook
    },
    stop() {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

import type { VaultAddress } from './vault-address.js'
import { VaultError } from './vault-error.js'

/** How long an answer is waited for, its body included. */
const deadlineMs = 1_500
const maxAnswerBytes = 65_536

export interface VaultAnswer {
  readonly status: number
  /** Null where it is no JSON. */
  readonly body: unknown
}

const readBounded = async (response: Response): Promise<string> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > maxAnswerBytes) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const networkCode = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : 'no connection'
}

/**
 * One request to the API of Vault (https://developer.hashicorp.com/vault/api-docs/secret/transit); connections are kept.
 * Throws `VaultError` where no answer comes within 1.5 s.
 */
export const askVault = async (
  { url, token }: Pick<VaultAddress, 'url' | 'token'>,
  path: string,
  body?: Readonly<Record<string, string>>,
): Promise<VaultAnswer> => {
  try {
    const response = await fetch(`${url}/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'X-Vault-Token': token.reveal(), ...(body ? { 'Content-Type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(deadlineMs),
      redirect: 'manual', // The token goes to no other address.
    })
    return { status: response.status, body: parseJson(await readBounded(response)) }
  } catch (error) {
    // What was thrown is not kept as a cause: it may name headers.
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new VaultError('slow', `Vault at ${url} did not answer within ${deadlineMs} ms: see what holds it up.`)
    }
    const code = networkCode(error)
    throw new VaultError('away', `Vault at ${url} is away (${code}): start it, or correct QSM_KEK_VAULT_URL.`)
  }
}

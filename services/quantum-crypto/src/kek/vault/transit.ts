import { base64Bytes, decodeBase64 } from '@qsm/contract'
import { dataKeyBytes } from '../../at-rest/data-key.js'
import { AtRestError } from '../../at-rest/key-encryption-key.js'
import { type VaultAddress, versionOfCiphertext } from './vault-address.js'
import { VaultError } from './vault-error.js'
import { askVault, type VaultAnswer } from './vault-request.js'

/** The transit key of an address. Every function throws `VaultError`. */
export interface Transit {
  /** Its newest version, from 1. */
  latestVersion(): Promise<number>
  /** `vault:vN:...`, of the newest version. */
  encrypt(dataKey: Uint8Array, context: Uint8Array): Promise<{ readonly ciphertext: string; readonly version: number }>
  /** 32 bytes. Throws `AtRestError` too, where ciphertext and context do not fit or their version may not be used any more. */
  decrypt(ciphertext: string, context: Uint8Array): Promise<Uint8Array>
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

const dataOf = ({ body }: VaultAnswer, name: string): unknown => field(field(body, 'data'), name)

/** What `{errors: [...]}` says; empty for another answer. */
const errorsOf = ({ body }: VaultAnswer): string => {
  const errors = field(body, 'errors')
  return Array.isArray(errors) ? errors.filter(error => typeof error === 'string').join(' ') : ''
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** What Vault says is read to tell troubles apart, and never repeated. */
const troubleOf = (address: VaultAddress, doing: string, answer: VaultAnswer): VaultError => {
  const [{ url, mount, key }, { status }, said] = [address, answer, errorsOf(answer)]
  if (status === 503 && /sealed/i.test(said)) return new VaultError('sealed', `Vault at ${url} is sealed: unseal it.`)
  if (status === 401 || status === 403) {
    const text = `Vault at ${url} forbids to ${doing} the key "${key}" of "${mount}": renew QSM_KEK_VAULT_TOKEN, and let its policy read ${mount}/keys/${key} and update ${mount}/encrypt/${key} and ${mount}/decrypt/${key}.`
    return new VaultError('forbidden', text)
  }
  if (status === 404 || (status === 400 && /key not found/i.test(said))) {
    const text = `Vault at ${url} has no key "${key}" under "${mount}": make it with type aes256-gcm96, or correct QSM_KEK_VAULT_KEY and QSM_KEK_VAULT_MOUNT.`
    return new VaultError('no_such_key', text)
  }
  if (status >= 300 && status < 400) {
    return new VaultError(
      'redirected',
      `Vault at ${url} points elsewhere (${status}): give QSM_KEK_VAULT_URL that address.`,
    )
  }
  if (status === 200) {
    return new VaultError('garbage', `What is at ${url} does not answer as Vault does: correct QSM_KEK_VAULT_URL.`)
  }
  const text = `Vault at ${url} answered ${status} when asked to ${doing} the key "${key}" of "${mount}": see its log.`
  return new VaultError('refused', text)
}

/** What the ciphertext is to blame for. */
const refusedCiphertext = (answer: VaultAnswer): AtRestError | null => {
  const said = errorsOf(answer)
  if (answer.status !== 400) return null
  if (/version is (disallowed|too new)/i.test(said)) {
    const text =
      'a data key is wrapped under a version of the transit key that Vault does not open: lower its min_decryption_version, or bring the key back.'
    return new AtRestError('unknown_kek', text)
  }
  if (!/authentication failed|invalid ciphertext/i.test(said)) return null
  return new AtRestError('unwrap_failed', 'Vault does not open a data key: it was changed, or belongs elsewhere')
}

export const createTransit = (address: VaultAddress): Transit => {
  const { url, mount, key } = address
  const ask = (path: string, body?: Readonly<Record<string, string>>) =>
    askVault(address, `${mount}/${path}/${key}`, body)
  return {
    async latestVersion() {
      const answer = await ask('keys')
      const version = dataOf(answer, 'latest_version')
      if (answer.status !== 200 || !Number.isSafeInteger(version)) throw troubleOf(address, 'read', answer)
      if (dataOf(answer, 'type') === 'aes256-gcm96' && dataOf(answer, 'derived') !== true) return Number(version)
      const text = `The key "${key}" under "${mount}" of Vault at ${url} must have type aes256-gcm96 and not be derived: make another one, and name it in QSM_KEK_VAULT_KEY.`
      throw new VaultError('unfit_key', text)
    },
    async encrypt(dataKey, context) {
      const answer = await ask('encrypt', { plaintext: base64(dataKey), associated_data: base64(context) })
      const ciphertext = dataOf(answer, 'ciphertext')
      const version = typeof ciphertext === 'string' ? versionOfCiphertext(ciphertext) : null
      if (answer.status === 200 && typeof ciphertext === 'string' && version !== null) return { ciphertext, version }
      throw troubleOf(address, 'encrypt with', answer)
    },
    async decrypt(ciphertext, context) {
      const answer = await ask('decrypt', { ciphertext, associated_data: base64(context) })
      const refused = refusedCiphertext(answer)
      if (refused) throw refused
      const plaintext = dataOf(answer, 'plaintext')
      if (answer.status === 200 && typeof plaintext === 'string' && base64Bytes(plaintext) === dataKeyBytes) {
        return decodeBase64(plaintext)
      }
      throw troubleOf(address, 'decrypt with', answer)
    },
  }
}

import { ConfigError, type ConfigOf, type ConfigProblem } from '@qsm/server-kit'
import { AtRestError, type KeyEncryptionKey } from '../at-rest/key-encryption-key.js'
import { createLocalKek } from '../at-rest/local-kek.js'
import type { kekVariables } from '../config/kek-variables.js'
import { generatedKek } from './generated-kek.js'
import { parseKekList } from './parse-kek-list.js'
import { isTransitId, type VaultAddress } from './vault/vault-address.js'
import { openVaultKek } from './vault/vault-kek.js'

export type KekConfig = ConfigOf<typeof kekVariables> & { readonly QSM_ENV: string }

const example = 'k1: and behind it the output of: openssl rand -base64 32'
const vaultExamples = {
  QSM_KEK_VAULT_URL: 'https://vault:8200',
  QSM_KEK_VAULT_TOKEN: 'a token of Vault, or QSM_KEK_VAULT_TOKEN_FILE',
  QSM_KEK_VAULT_KEY: 'qsm',
} as const
const vaultNames = Object.keys(vaultExamples) as readonly (keyof typeof vaultExamples)[]

/** What a configuration lacks, told together with all other problems. */
export const kekProblems = (config: Partial<KekConfig>): readonly ConfigProblem[] => {
  const missing = vaultNames.filter(name => config[name] === undefined)
  if (missing.length < vaultNames.length) {
    const reason = `must be set too where ${vaultNames.filter(name => !missing.includes(name)).join(' and ')} is`
    return missing.map(variable => ({ variable, reason, example: vaultExamples[variable] }))
  }
  if (config.QSM_KEK || config.QSM_ENV !== 'production') return []
  const reason =
    'must be set in production, or QSM_KEK_VAULT_URL for a key in Vault: it protects the private keys that are kept'
  return [{ variable: 'QSM_KEK', reason, example }]
}

export interface OpenKek {
  readonly kek: KeyEncryptionKey
  /** Forgets what is kept of keys. */
  close(): void
}

const vaultAddress = (config: KekConfig): VaultAddress | null => {
  const { QSM_KEK_VAULT_URL: url, QSM_KEK_VAULT_TOKEN: token, QSM_KEK_VAULT_KEY: key } = config
  if (url && token && key) return { url, token, key, mount: config.QSM_KEK_VAULT_MOUNT }
  const problems = kekProblems(config)
  if (problems.length > 0) throw new ConfigError(problems)
  return null
}

const localKek = (text: string): KeyEncryptionKey => {
  const list = parseKekList(text)
  const [current, ...older] = 'keys' in list ? list.keys : []
  if (current) return createLocalKek([current, ...older])
  const reason = 'problems' in list ? list.problems.join('; ') : 'holds no key'
  throw new ConfigError([{ variable: 'QSM_KEK', reason, example }])
}

/** Vault wraps; what the keys of this process have wrapped before still opens. */
const besideVault = (vault: KeyEncryptionKey, local: KeyEncryptionKey | null): KeyEncryptionKey => ({
  currentId: vault.currentId,
  wrap: (dataKey, context) => vault.wrap(dataKey, context),
  async unwrap(stored, context) {
    if (isTransitId(stored.kekId)) return vault.unwrap(stored, context)
    if (local) return local.unwrap(stored, context)
    const text = `a data key is wrapped under the key-encryption key "${stored.kekId}": add it to QSM_KEK.`
    throw new AtRestError('unknown_kek', text)
  },
})

/**
 * The key-encryption key that the configuration names: that in Vault, or else the first of QSM_KEK; in development and test
 * without either, that of QSM_DATA_DIR, drawn where it is missing. Throws `ConfigError`, or `VaultError` where Vault does not
 * give it.
 */
export const openKek = async (config: KekConfig): Promise<OpenKek> => {
  const address = vaultAddress(config)
  if (!address) return { kek: localKek(config.QSM_KEK?.reveal() ?? generatedKek(config.QSM_DATA_DIR)), close() {} }
  const local = config.QSM_KEK ? localKek(config.QSM_KEK.reveal()) : null
  const { kek, close } = await openVaultKek(address)
  return { kek: besideVault(kek, local), close }
}

import { ConfigError, type ConfigOf, type ConfigProblem } from '@qsm/server-kit'
import type { KeyEncryptionKey } from '../at-rest/key-encryption-key.js'
import { createLocalKek } from '../at-rest/local-kek.js'
import type { kekVariables } from '../config/kek-variables.js'
import { generatedKek } from './generated-kek.js'
import { parseKekList } from './parse-kek-list.js'

export type KekConfig = ConfigOf<typeof kekVariables> & { readonly QSM_ENV: string }

const example = 'k1: and behind it the output of: openssl rand -base64 32'

/** What a configuration lacks, told together with all other problems. */
export const kekProblems = (config: Partial<KekConfig>): readonly ConfigProblem[] => {
  if (config.QSM_KEK || config.QSM_ENV !== 'production') return []
  return [
    { variable: 'QSM_KEK', reason: 'must be set in production: it protects the private keys that are kept', example },
  ]
}

export interface OpenKek {
  readonly kek: KeyEncryptionKey
  /** Forgets what is kept of keys. */
  close(): void
}

/**
 * The key-encryption key that the configuration names; in development and test without one, that of QSM_DATA_DIR, drawn
 * where it is missing. Throws `ConfigError`.
 */
export const openKek = async (config: KekConfig): Promise<OpenKek> => {
  const list = parseKekList(config.QSM_KEK?.reveal() ?? generatedKek(config.QSM_DATA_DIR))
  const [current, ...older] = 'keys' in list ? list.keys : []
  if (!current) {
    const reason = 'problems' in list ? list.problems.join('; ') : 'holds no key'
    throw new ConfigError([{ variable: 'QSM_KEK', reason, example }])
  }
  return { kek: createLocalKek([current, ...older]), close() {} }
}

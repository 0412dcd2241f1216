import { defineVariables } from '@qsm/server-kit'
import { z } from 'zod'
import { parseKekList } from '../kek/parse-kek-list.js'

/** In a path of Vault as it is; mount, key and version fit the 100 characters of a stored id. */
const pathPart = (maxLength: number) =>
  z
    .string()
    .max(maxLength, `at most ${maxLength} characters`)
    .regex(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, 'letters, digits, "_", "-" and "." within')

const isPlainAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return true // Told by the schema.
  const { username, password, search, hash } = new URL(text)
  return !username && !password && !search && !hash
}

/** What protects the private keys that are kept. */
export const kekVariables = defineVariables({
  QSM_KEK: {
    schema: z.string().superRefine((text, context) => {
      const list = parseKekList(text)
      const problems = 'problems' in list ? list.problems : []
      for (const message of problems) context.addIssue({ code: 'custom', message })
    }),
    optional: true,
    secret: true,
    doc: 'Key-encryption keys: `id:base64 of 32 bytes`, with commas or line ends between, the current one first. Older ones only open. In development one is drawn and kept in QSM_DATA_DIR. Keep it out of the backups of the database. Beside QSM_KEK_VAULT_URL they only open.',
    example: 'k2:<openssl rand -base64 32>,k1:<the one before>',
  },
  QSM_KEK_VAULT_URL: {
    schema: z
      .url({ protocol: /^https?$/, error: 'an address such as https://vault:8200' })
      .refine(isPlainAddress, 'an address without user, password, query and fragment')
      .transform(text => text.replace(/\/+$/, '')),
    optional: true,
    doc: 'Address of HashiCorp Vault, whose Transit engine then wraps data keys in place of QSM_KEK. `qsm-server keys rotate-kek` moves what is there.',
    example: 'https://vault:8200',
  },
  QSM_KEK_VAULT_TOKEN: {
    schema: z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'a token of 1 to 4096 printable characters, without spaces'),
    optional: true,
    secret: true,
    doc: 'Token for Vault; its policy lets it read `MOUNT/keys/KEY` and update `MOUNT/encrypt/KEY` and `MOUNT/decrypt/KEY`.',
    example: 'hvs.<token>',
  },
  QSM_KEK_VAULT_KEY: {
    schema: pathPart(48),
    optional: true,
    doc: 'Name of the transit key in Vault, of type aes256-gcm96.',
    example: 'qsm',
  },
  QSM_KEK_VAULT_MOUNT: {
    schema: pathPart(32),
    default: 'transit',
    doc: 'Where the Transit engine is mounted in Vault.',
    example: 'transit',
  },
  QSM_DATA_DIR: {
    schema: z.string().min(1, 'a folder'),
    default: './.data',
    doc: 'Where generated secrets are, in development.',
    example: '/var/lib/qsm',
  },
})

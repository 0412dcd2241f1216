import { defineVariables } from '@qsm/server-kit'
import { z } from 'zod'
import { parseKekList } from '../kek/parse-kek-list.js'

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
    doc: 'Key-encryption keys: `id:base64 of 32 bytes`, with commas or line ends between, the current one first. Older ones only open. In development one is drawn and kept in QSM_DATA_DIR. Keep it out of the backups of the database.',
    example: 'k2:<openssl rand -base64 32>,k1:<the one before>',
  },
  QSM_DATA_DIR: {
    schema: z.string().min(1, 'a folder'),
    default: './.data',
    doc: 'Where generated secrets are, in development.',
    example: '/var/lib/qsm',
  },
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore } from '@qsm/client-node'
import { afterAll, describe } from 'vitest'
import { storeSuite } from '../../../tests/support/store-suite.js'

const root = mkdtempSync(join(tmpdir(), 'qsm-file-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a store in files', () => {
  storeSuite(() => {
    const folder = mkdtempSync(join(root, 'store-'))
    return { open: () => fileStore(folder) }
  })
})

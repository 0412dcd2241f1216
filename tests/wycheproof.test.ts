import { createWebCryptoClassical } from '@qsm/protocol'
import { createNodeClassical } from '@qsm/server-kit'
import { describe } from 'vitest'
import { wycheproofSuite } from './support/wycheproof-suite.js'

describe('node:crypto and the vectors of Wycheproof', () => wycheproofSuite(createNodeClassical()))
describe('WebCrypto and the vectors of Wycheproof', () => wycheproofSuite(createWebCryptoClassical()))

import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { findCanaries } from './canaries.js'

test.each(['latin1', 'hex', 'base64', 'base64url'] as const)(
  'a canary is found in %s, wherever it stands in what is encoded, and not where one byte is another',
  encoding => {
    for (let offset = 0; offset < 6; offset += 1) {
      const bytes = randomBytes(33)
      const canaries = [{ name: 'key', bytes }]
      const around = [Buffer.from('x'.repeat(offset)), bytes, randomBytes(7)]
      const written = Buffer.from(Buffer.concat(around).toString(encoding), 'latin1')
      expect(findCanaries(written, canaries)).toEqual(['key'])
      bytes[16] = (bytes[16] ?? 0) ^ 1
      expect(findCanaries(written, canaries)).toEqual([])
    }
  },
)

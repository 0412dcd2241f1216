import { readFile } from 'node:fs/promises'
import { asyncApiDocument, errorReference, openApiDocument } from '@qsm/contract/documents'

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The reference of the API, from the schemas of the contract. Paths are from the root of the repository. */
export const generate = async (): Promise<ReadonlyMap<string, string>> => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return new Map([
    ['docs/reference/openapi.json', json(openApiDocument(['main', 'auth', 'message'], { version, title: 'QSM' }))],
    [
      'docs/reference/openapi-quantum.json',
      json(openApiDocument(['quantum-crypto'], { version, title: 'QSM quantum service' })),
    ],
    ['docs/reference/asyncapi.json', json(asyncApiDocument({ version, title: 'QSM socket' }))],
    ['docs/reference/errors.md', errorReference()],
  ])
}

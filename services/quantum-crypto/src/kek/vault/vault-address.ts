import type { Secret } from '@qsm/server-kit'

/** Where the transit key is, and with what it is used. */
export interface VaultAddress {
  /** Such as `https://vault:8200`, without a slash at its end. */
  readonly url: string
  readonly token: Secret
  readonly mount: string
  readonly key: string
}

const idForm = /^(vault:.+):v([1-9][0-9]{0,9})$/
const ciphertextForm = /^vault:v([1-9][0-9]{0,9}):[A-Za-z0-9+/]+={0,2}$/

/** What every id of this transit key begins with; none of QSM_KEK has a colon or a slash. */
export const transitName = ({ mount, key }: Pick<VaultAddress, 'mount' | 'key'>): string => `vault:${mount}/${key}`

export const transitId = (name: string, version: number): string => `${name}:v${version}`

export const isTransitId = (kekId: string): boolean => idForm.test(kekId)

/** Name and version of an id; null for one of another form. */
export const parseTransitId = (kekId: string): { readonly name: string; readonly version: number } | null => {
  const [, name, version] = idForm.exec(kekId) ?? []
  return name === undefined ? null : { name, version: Number(version) }
}

/** The version of the transit key that made a ciphertext; null for what is none. */
export const versionOfCiphertext = (text: string): number | null => {
  const [, version] = ciphertextForm.exec(text) ?? []
  return version === undefined ? null : Number(version)
}

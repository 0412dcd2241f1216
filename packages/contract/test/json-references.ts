/** The value at a path of keys, or undefined. */
export const valueAt = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  )

/** The keys of a JSON pointer (RFC 6901) in the fragment of a reference. */
export const pointerKeys = (reference: string): readonly string[] =>
  reference
    .slice('#/'.length)
    .split('/')
    .map(key => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))

const referencesIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  )
}

/** The references within a document that lead nowhere or out of it. */
export const brokenReferences = (document: unknown): readonly string[] =>
  referencesIn(document).filter(
    reference => !reference.startsWith('#/') || valueAt(document, pointerKeys(reference)) === undefined,
  )

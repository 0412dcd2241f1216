/** A JSON Schema, of draft-07, which every Helm since 3.0 reads. */
export type Schema = Readonly<Record<string, unknown>>

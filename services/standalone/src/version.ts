import { packageVersion } from '@qsm/server-kit'

/** The version in the package's own description. */
export const version: string = packageVersion(import.meta.url)

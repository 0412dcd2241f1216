import { readFileSync } from 'node:fs'

interface PackageJson {
  readonly version: string
}

const read = (path: string): string | null => {
  try {
    return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as PackageJson).version
  } catch {
    return null // The built file lies one folder deeper than the source.
  }
}

/** The version in the package's own description. */
export const version: string = read('../package.json') ?? read('../../package.json') ?? '0.0.0'

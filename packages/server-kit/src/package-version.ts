import { readFileSync } from 'node:fs'

interface PackageJson {
  readonly version: string
}

const read = (url: URL): string | null => {
  try {
    return (JSON.parse(readFileSync(url, 'utf8')) as PackageJson).version
  } catch {
    return null // The built file lies one folder deeper than the source.
  }
}

/** The version in the description of the package in whose `src` folder the module of this URL stands. */
export const packageVersion = (moduleUrl: string): string =>
  read(new URL('../package.json', moduleUrl)) ?? read(new URL('../../package.json', moduleUrl)) ?? '0.0.0'

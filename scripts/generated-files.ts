import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Texts by path from the root of the repository. */
export type GeneratedFiles = ReadonlyMap<string, string>

/** What all generators of a folder make: modules with `generate()`. Throws where two make the same file. */
export const runGenerators = async (folder: string): Promise<GeneratedFiles> => {
  const files = new Map<string, string>()
  for (const name of (await readdir(folder)).filter(name => name.endsWith('.ts')).sort()) {
    const module = (await import(pathToFileURL(join(folder, name)).href)) as {
      generate?: () => Promise<GeneratedFiles>
    }
    if (!module.generate) throw new Error(`${name} exports no generate(): it does not belong into ${folder}`)
    for (const [path, text] of await module.generate()) {
      if (files.has(path)) throw new Error(`${path} is made twice, the second time by ${name}`)
      files.set(path, text)
    }
  }
  return files
}

const readOrNull = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The paths whose files below `root` are missing or other than what was generated. */
export const differingFiles = async (root: string, files: GeneratedFiles): Promise<readonly string[]> => {
  const differing: string[] = []
  for (const [path, text] of files) if ((await readOrNull(join(root, path))) !== text) differing.push(path)
  return differing
}

/** Writes these paths of what was generated. */
export const writeFiles = async (root: string, files: GeneratedFiles, paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    const target = join(root, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, files.get(path) ?? '')
  }
}

import './setup/require-node.mjs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureBuilt } from './setup/build.mjs'
import { ensureInstalled } from './setup/install.mjs'
import { fail } from './setup/step.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Installs and builds what is not up to date; quick when everything is. Ends the process with a message on failure. */
export const setUp = async () => {
  try {
    await ensureInstalled(root)
    await ensureBuilt(root)
  } catch (error) {
    fail(error)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await setUp()

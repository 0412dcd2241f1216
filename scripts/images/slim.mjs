// node scripts/images/slim.mjs FOLDER: takes from a built tree with its production dependencies what no process loads
// (left-out.mjs), and workspaces that nothing installed leads to. It deletes: give it the copy of an image build.
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { endings, folders, isLicence, onlyFiles, rootNames, workspaceNames } from './left-out.mjs'

const remove = path => rmSync(path, { recursive: true, force: true })

const keepOnly = (folder, names) => {
  for (const name of readdirSync(folder)) if (!names.includes(name)) remove(join(folder, name))
}

/** The files below a folder; links are not followed. */
const filesBelow = folder =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name))

const removeEmptyFolders = folder => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (lstatSync(path).isDirectory()) removeEmptyFolders(path)
  }
  if (readdirSync(folder).length === 0) remove(folder)
}

const slimWorkspaces = root => {
  const linked = readdirSync(join(root, 'node_modules/@qsm')).map(name =>
    realpathSync(join(root, 'node_modules/@qsm', name)),
  )
  const workspaces = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces.flatMap(pattern =>
    pattern.endsWith('/*')
      ? readdirSync(join(root, pattern.slice(0, -2))).map(name => join(root, pattern.slice(0, -2), name))
      : [join(root, pattern)],
  )
  for (const workspace of workspaces) {
    if (linked.includes(realpathSync(workspace))) keepOnly(workspace, workspaceNames)
    else remove(workspace)
  }
}

/**
 * Slims the tree at `root`, a folder with node_modules and built workspaces.
 *
 * @param {string} root
 */
export const slim = root => {
  if (!existsSync(join(root, 'node_modules/@qsm'))) {
    throw new Error(`${root} has no node_modules/@qsm: install its production dependencies first (npm ci --omit=dev)`)
  }
  slimWorkspaces(root)
  keepOnly(root, rootNames)
  const modules = join(root, 'node_modules')
  // npm's own notes, with addresses of the registry that was used, and commands that nobody calls.
  for (const name of ['.package-lock.json', '.bin']) remove(join(modules, name))
  for (const folder of folders) remove(join(modules, folder))
  for (const [name, kept] of Object.entries(onlyFiles)) {
    const folder = join(modules, name)
    for (const file of existsSync(folder) ? filesBelow(folder) : []) {
      if (!kept.includes(relative(folder, file)) && !isLicence(basename(file))) remove(file)
    }
  }
  for (const file of filesBelow(root)) {
    if (endings.some(ending => file.endsWith(ending)) && !isLicence(basename(file))) remove(file)
  }
  removeEmptyFolders(root)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [root] = process.argv.slice(2)
  if (!root) {
    console.error('Usage: node scripts/images/slim.mjs FOLDER')
    process.exit(2)
  }
  slim(root)
}

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'

/** The workspaces that the Dockerfile installs, with what they need. */
const installed = ['auth', 'message', 'quantum-crypto', 'standalone', 'cli'].map(name => `@qsm/${name}`)

const nameOf = ref => ref.slice(0, ref.lastIndexOf('@'))

/** Whether npm installs a package on a system of the image: Linux with glibc, on amd64 or arm64. */
const fits = ({ os = ['linux'], libc = ['glibc'], cpu = ['x64'] } = {}) =>
  os.includes('linux') && libc.includes('glibc') && (cpu.includes('x64') || cpu.includes('arm64'))

/**
 * Takes from npm's bill of materials of the whole repository, development included, the one of an image: what its
 * programs need to run, for the systems that images are built for. `npm sbom --omit dev` is no help: it leaves out what the root
 * has for its tests although services have it too. The same lockfile and epoch give the same text.
 *
 * @param {any} bom CycloneDX, as `npm sbom` prints it
 * @param {{ packages: Record<string, any> }} lock package-lock.json
 * @param {{ without: readonly string[], epoch: number }} image names of packages that the image lacks, with what they bring;
 *   seconds since 1970
 */
export const bomOfImage = (bom, lock, { without, epoch }) => {
  const entries = Object.entries(lock.packages)
  const ofPackage = new Map(entries.map(([path, entry]) => [path.slice(path.lastIndexOf('node_modules/') + 13), entry]))
  const ofWorkspace = new Map(entries.filter(([, { name }]) => name).map(([, entry]) => [entry.name, entry]))
  const needs = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))

  const neededBy = ref => {
    const { dependencies = {}, devDependencies = {} } = ofWorkspace.get(nameOf(ref)) ?? {}
    return needs.get(ref).filter(other => {
      const name = nameOf(other)
      if (name in devDependencies && !(name in dependencies)) return false
      return !without.includes(name) && fits(ofPackage.get(name))
    })
  }
  const kept = new Map()
  const keep = ref => {
    if (kept.has(ref)) return
    kept.set(ref, neededBy(ref))
    for (const other of kept.get(ref)) keep(other)
  }
  for (const ref of needs.keys()) if (installed.includes(nameOf(ref))) keep(ref)

  // npm names workspaces after their folders.
  const named = component =>
    component['bom-ref'].startsWith('@qsm/') ? { ...component, name: nameOf(component['bom-ref']) } : component
  const root = bom.metadata.component
  const dependencies = [...kept].map(([ref, dependsOn]) => ({ ref, dependsOn }))
  dependencies.unshift({
    ref: root['bom-ref'],
    dependsOn: [...kept.keys()].filter(ref => installed.includes(nameOf(ref))),
  })
  const result = {
    ...bom,
    serialNumber: undefined,
    metadata: {
      ...bom.metadata,
      timestamp: new Date(epoch * 1_000).toISOString(),
      component: { ...root, name: nameOf(root['bom-ref']) },
    },
    components: bom.components.filter(({ 'bom-ref': ref }) => kept.has(ref)).map(named),
    dependencies,
  }
  const hex = createHash('sha256').update(JSON.stringify(result)).digest('hex')
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  return { ...result, serialNumber: `urn:uuid:${uuid}` }
}

/** npm's bill of materials of the whole repository, read from its lockfile. Throws with what npm says. */
export const readBom = root => {
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, shell: process.platform === 'win32' }
  const { status, stdout, stderr, error } = spawnSync('npm', args, options)
  if (status !== 0) throw new Error(`npm sbom failed: ${error?.message ?? stderr.trim()}`)
  return JSON.parse(stdout)
}

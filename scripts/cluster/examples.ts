import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { chart, command, namespace } from './proof.js'

interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
}

/** The API groups that this cluster serves, as `GROUP/VERSION`. */
const servedVersions = async (): Promise<ReadonlySet<string>> =>
  new Set((await command('kubectl', ['api-versions'])).split('\n').filter(line => line !== ''))

/**
 * Lets the API server judge every example of the chart (`--dry-run=server`), in the namespace under `restricted`. What needs
 * an operator that this cluster has not is left out, and named. Resolves with what was judged.
 */
export const dryRunExamples = async (): Promise<string> => {
  const served = await servedVersions()
  const leftOut = new Set<string>()
  let judged = 0
  for (const name of readdirSync(join(chart, 'examples'))) {
    const rendered = await command('helm', [
      ...['template', 'example', chart, '--namespace', namespace],
      ...['--values', join(chart, 'examples', name, 'values.yaml')],
    ])
    const objects = parseAllDocuments(rendered).flatMap(document => {
      const object = document.toJSON() as KubernetesObject | null
      return object ? [object] : []
    })
    for (const { apiVersion, kind } of objects) if (!served.has(apiVersion)) leftOut.add(kind)
    const input = objects.filter(({ apiVersion }) => served.has(apiVersion)).map(object => JSON.stringify(object))
    const said = await command('kubectl', ['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], {
      input: input.join('\n---\n'),
    })
    const warnings = said.split('\n').filter(line => /warning/i.test(line))
    if (warnings.length > 0) throw new Error(`${name}: ${warnings.join('; ')}`)
    judged += input.length
  }
  return `${judged} objects${leftOut.size > 0 ? `; not judged here: ${[...leftOut].join(', ')}` : ''}`
}

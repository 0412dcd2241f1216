import { readdir, readFile } from 'node:fs/promises'
import { findHelm } from '../tools/helm.mjs'
import { templateChart } from '../tools/helm-template.js'
import { splitByTemplate } from './chart/split-by-template.js'

const examples = new URL('../../charts/qsm/examples/', import.meta.url)

/** What helm makes of the examples of the chart, so that a change of a template shows what it does. Empty without helm. */
export const generate = async (): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>()
  const found = await findHelm()
  if (found.helm === null) {
    process.stderr.write(`charts/qsm/examples/*/rendered is not looked at: ${found.why}\n`)
    return files
  }
  for (const example of (await readdir(examples)).sort()) {
    const values = await readFile(new URL(`${example}/values.yaml`, examples), 'utf8')
    const { code, output, errors } = await templateChart(found.helm, { name: 'qsm', namespace: 'qsm', values })
    if (code !== 0) throw new Error(`charts/qsm/examples/${example}/values.yaml does not render: ${errors}`)
    for (const [template, text] of splitByTemplate(output)) {
      files.set(`charts/qsm/examples/${example}/rendered/${template}`, text)
    }
  }
  return files
}

import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { configSchemas } from './chart/config-schema.js'
import { readValues } from './chart/read-values.js'
import { chartReadme } from './chart/readme.js'
import { valuesSchema } from './chart/values-schema.js'

const chart = new URL('../../charts/qsm/', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, chart), 'utf8')

interface Elsewhere {
  readonly values: Readonly<Record<string, string>>
  readonly config: Readonly<Record<string, string>>
}

/** values.schema.json and README.md of the chart, from values.yaml and the variables that the services read. */
export const generate = async (): Promise<ReadonlyMap<string, string>> => {
  const keys = readValues(await read('values.yaml'))
  const facts = parse(await read('Chart.yaml')) as Parameters<typeof chartReadme>[0]
  const elsewhere = parse(await read('files/elsewhere.yaml')) as Elsewhere
  const schema = valuesSchema(keys, configSchemas(elsewhere.config), elsewhere.values)
  return new Map([
    ['charts/qsm/values.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['charts/qsm/README.md', chartReadme(facts, keys)],
  ])
}

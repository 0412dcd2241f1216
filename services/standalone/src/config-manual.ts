import { describeVariables } from '@qsm/server-kit'
import { standaloneVariables } from './config.js'

/** The configuration as a Markdown table, from the schema itself. */
export const configurationManual = (): string => {
  const rows = describeVariables(standaloneVariables).map(row => {
    const names = [row.variable, ...row.aliases].map(name => `\`${name}\``).join(', ')
    const fallback = row.default === '' ? (row.required ? 'must be set' : '') : `\`${row.default}\``
    return `| ${names} | ${fallback} | ${row.doc}${row.secret ? ' Secret.' : ''} | \`${row.example}\` |`
  })
  const head =
    '# Configuration\n\nEach variable may also be given as `NAME_FILE`, the path of a file that holds the value.\n'
  return `${head}\n| Variable | Default | What it does | Example |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

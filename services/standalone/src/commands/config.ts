import { describeVariables } from '@qsm/server-kit'
import { readConfig, standaloneVariables } from '../config.js'

/** `config check` reads the environment and says what is wrong; `config doc` prints the manual. */
export const config = async (args: readonly string[]): Promise<number> => {
  if (args[0] === 'check') {
    readConfig()
    console.log('The configuration fits.')
    return 0
  }
  if (args[0] === 'doc') {
    console.log(configurationDoc())
    return 0
  }
  console.error('Usage: qsm-server config check|doc')
  return 2
}

/** The configuration as a Markdown table, from the schema itself. */
export const configurationDoc = (): string => {
  const rows = describeVariables(standaloneVariables).map(row => {
    const names = [row.variable, ...row.aliases].map(name => `\`${name}\``).join(', ')
    const fallback = row.default === '' ? (row.required ? 'must be set' : '') : `\`${row.default}\``
    return `| ${names} | ${fallback} | ${row.doc}${row.secret ? ' Secret.' : ''} | \`${row.example}\` |`
  })
  const head = '# Configuration\n\nEach variable may also be given as `NAME_FILE`, the path of a file that holds the value.\n'
  return `${head}\n| Variable | Default | What it does | Example |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

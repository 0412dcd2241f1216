import { authPodVariables } from '@qsm/auth'
import { messagePodVariables } from '@qsm/message'
import { quantumPodVariables } from '@qsm/quantum-crypto'
import { describeVariables, type VariableDescription, type Variables } from '@qsm/server-kit'
import { standaloneVariables } from './config.js'

const tableOf = (rows: readonly VariableDescription[]): string => {
  const lines = rows.map(row => {
    const names = [row.variable, ...row.aliases].map(name => `\`${name}\``).join(', ')
    const fallback = row.default === '' ? (row.required ? 'must be set' : '') : `\`${row.default}\``
    return `| ${names} | ${fallback} | ${row.doc}${row.secret ? ' Secret.' : ''} | \`${row.example}\` |`
  })
  return ['| Variable | Default | What it does | Example |', '|---|---|---|---|', ...lines].join('\n')
}

/** What a pod is told otherwise than qsm-server, and the names of what both read alike. */
const podSection = (name: string, variables: Variables, ofServer: readonly VariableDescription[]): string => {
  const isAlike = (row: VariableDescription) => ofServer.some(other => JSON.stringify(other) === JSON.stringify(row))
  const rows = describeVariables(variables)
  const alike = rows.filter(isAlike).map(({ variable }) => `\`${variable}\``)
  const table = tableOf(rows.filter(row => !isAlike(row)))
  return `## The ${name} pod\n\n${table}\n\nOf the table at the top it also reads ${alike.join(', ')}.`
}

/** The configuration as Markdown tables, from the schemas themselves: of qsm-server, then of each pod. */
export const configurationManual = (): string => {
  const ofServer = describeVariables(standaloneVariables)
  return `${[
    '# Configuration',
    'Each variable may also be given as `NAME_FILE`, the path of a file that holds the value.',
    'This is what `qsm-server` reads; what pods of their own read stands below.',
    tableOf(ofServer),
    podSection('auth', authPodVariables, ofServer),
    podSection('message', messagePodVariables, ofServer),
    podSection('quantum-crypto', quantumPodVariables, ofServer),
  ].join('\n\n')}\n`
}

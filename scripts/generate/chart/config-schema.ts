import { authPodVariables } from '@qsm/auth'
import { messagePodVariables } from '@qsm/message'
import { quantumPodVariables } from '@qsm/quantum-crypto'
import { describeVariables, type VariableDescription } from '@qsm/server-kit'
import type { Schema } from './json-schema.js'

/** The schemas of `config`, which share the definitions of the variables. */
export interface ConfigSchemas {
  /** For one component, or for all (null). */
  of(component: string | null): Schema
  /** By name, for `#/definitions/`. */
  readonly definitions: Readonly<Record<string, Schema>>
}

const described: Readonly<Record<string, readonly VariableDescription[]>> = {
  auth: describeVariables(authPodVariables),
  message: describeVariables(messagePodVariables),
  'quantum-crypto': describeVariables(quantumPodVariables),
}

/**
 * `config` takes the variables that a service reads and the chart does not set itself; the others are in `elsewhere`, to
 * which the chart answers with the place. Throws where a secret has no place, for it must not land in a ConfigMap.
 */
export const configSchemas = (elsewhere: Readonly<Record<string, string>>): ConfigSchemas => {
  const homeless = Object.values(described)
    .flat()
    .filter(({ variable, secret }) => secret && !elsewhere[variable])
  if (homeless.length > 0) {
    const names = [...new Set(homeless.map(({ variable }) => variable))].join(', ')
    throw new Error(`charts/qsm/files/elsewhere.yaml must say where these secrets are given: ${names}`)
  }
  const answers = Object.entries(elsewhere).map(([name, place]) => [name, { description: `Not here: ${place}.` }])
  const rowsOf = (component: string | null): readonly VariableDescription[] => {
    const rows = component === null ? Object.values(described).flat() : described[component]
    if (!rows) throw new Error(`values.yaml: "# @component ${component}" names no service`)
    return rows.filter(({ variable }) => !elsewhere[variable])
  }
  const definitionOf = (row: VariableDescription): Schema => ({
    description: row.default === '' ? row.doc : `${row.doc} Without it: ${row.default}.`,
    type: ['string', 'number', 'boolean'],
  })
  return {
    of(component) {
      const names = [...rowsOf(component).map(({ variable }) => variable), ...Object.keys(elsewhere)]
      const properties = Object.fromEntries(names.map(name => [name, { $ref: `#/definitions/${name}` }]))
      return { type: 'object', additionalProperties: false, properties }
    },
    definitions: Object.fromEntries([...rowsOf(null).map(row => [row.variable, definitionOf(row)]), ...answers]),
  }
}

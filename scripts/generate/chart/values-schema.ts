import type { ConfigSchemas } from './config-schema.js'
import type { Schema } from './json-schema.js'
import type { Directive, ValueKey } from './read-values.js'

const closed = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
})

/** A quantity of Kubernetes: 100m, 192Mi, or a plain number. */
const quantity: Schema = {
  type: ['string', 'number'],
  pattern: '^[0-9]+(\\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?$',
}
const quantities: Schema = { type: 'object', additionalProperties: quantity }
const resources = closed({
  requests: quantities,
  limits: quantities,
  claims: { type: 'array', items: { type: 'object' } },
})

/** Templates put texts into YAML as they are: a further line could be a field of its own, such as hostNetwork. */
const line: Schema = { type: 'string', pattern: '^[^\\x00-\\x1f]*$' }

const ofWord = (word: string): Schema => (word === 'any' ? {} : word === 'string' ? line : { type: word })

const ofDefault = (key: ValueKey): Schema => {
  if (typeof key.default === 'string') return line
  if (typeof key.default === 'boolean') return { type: 'boolean' }
  if (Number.isInteger(key.default)) return { type: 'integer', minimum: 0 }
  throw new Error(
    `values.yaml: the default of ${key.path} does not tell its type: add a directive such as "# @map string"`,
  )
}

const ofDirective = ({ name, words }: Directive, config: ConfigSchemas, component: string | null): Schema => {
  const [word = ''] = words
  switch (name) {
    case 'enum':
      return { enum: words }
    case 'map':
      return { type: 'object', additionalProperties: word === 'any' ? {} : { type: word } }
    case 'items':
      return { type: 'array', items: ofWord(word) }
    case 'type':
      return { type: words }
    case 'resources':
      return resources
    default:
      return config.of(component)
  }
}

/** Keys of `own` go before those of `defaults`, at every depth. */
const over = (defaults: readonly ValueKey[], own: readonly ValueKey[]): readonly ValueKey[] => {
  const names = new Set(own.map(({ name }) => name))
  const joined = own.map(key => {
    const other = defaults.find(({ name }) => name === key.name)
    return other ? { ...key, keys: over(other.keys, key.keys) } : key
  })
  return [...defaults.filter(({ name }) => !names.has(name)), ...joined]
}

/**
 * The schema of values: unknown keys are refused at every depth, but for `elsewhere` at the top, to which the chart
 * itself answers with the key to use (files/elsewhere.yaml).
 */
export const valuesSchema = (
  keys: readonly ValueKey[],
  config: ConfigSchemas,
  elsewhere: Readonly<Record<string, string>>,
): Schema => {
  const defaults = keys.find(({ name }) => name === 'defaults')?.keys ?? []

  const ofKey = (key: ValueKey, component: string | null): Schema => {
    const { directive, doc } = key
    const described = doc === '' ? {} : { description: doc }
    if (directive?.name === 'component') {
      return { ...described, ...ofKeys(over(defaults, key.keys), directive.words[0] ?? null) }
    }
    if (directive) return { ...described, ...ofDirective(directive, config, component) }
    if (key.path === 'global') return { ...ofKeys(key.keys, null), additionalProperties: true } // Of parent charts as well.
    return { ...described, ...(key.keys.length > 0 ? ofKeys(key.keys, component) : ofDefault(key)) }
  }
  const ofKeys = (list: readonly ValueKey[], component: string | null): Schema =>
    closed(Object.fromEntries(list.map(key => [key.name, ofKey(key, component)])))

  const { properties, ...rest } = ofKeys(keys, null)
  const answers = Object.entries(elsewhere).map(([name, place]) => [name, { description: `No value: use ${place}.` }])
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    properties: { ...(properties as object), ...Object.fromEntries(answers) },
    definitions: config.definitions,
  }
}

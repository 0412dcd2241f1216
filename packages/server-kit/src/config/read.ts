import { readFileSync } from 'node:fs'
import { Secret } from './secret.js'
import { ConfigError, type ConfigOf, type ConfigProblem, type Variable, type Variables } from './variables.js'

export type Environment = Readonly<Record<string, string | undefined>>

type Found = { readonly text: string | undefined } | { readonly problem: string }

/** The text of a variable from itself, one of its aliases, or the file that `NAME_FILE` names. Empty text is a value. */
const find = (names: readonly string[], environment: Environment): Found => {
  const given = names.flatMap(name => [name, `${name}_FILE`]).filter(name => environment[name] !== undefined)
  const name = given[0]
  if (name === undefined) return { text: undefined }
  const differing = given.filter(other => environment[other] !== environment[name])
  if (given.some(other => other.endsWith('_FILE')) && given.length > 1)
    return { problem: `set by ${given.join(' and ')}: keep one` }
  if (differing.length > 0) return { problem: `${given.join(' and ')} differ: keep one` }
  const value = environment[name] ?? ''
  if (!name.endsWith('_FILE')) return { text: value }
  try {
    return { text: readFileSync(value, 'utf8').replace(/\r?\n$/, '') }
  } catch (cause) {
    return {
      problem: `the file that ${name} names cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'error'})`,
    }
  }
}

const parse = (variable: Variable<unknown>, text: string): { value: unknown } | { problem: string } => {
  const result = variable.schema.safeParse(text)
  if (result.success) return { value: variable.secret ? new Secret(String(result.data)) : result.data }
  return { problem: result.error.issues.map(issue => issue.message).join('; ') }
}

/**
 * Reads all variables of a definition. Malformed is never treated as absent. `check` sees what could be read, so that one
 * `ConfigError` names every problem at once: the variable, the reason (never the value of a secret) and an example.
 */
export const readVariables = <D extends Variables>(
  definition: D,
  environment: Environment,
  check: (config: Partial<ConfigOf<D>>) => readonly ConfigProblem[] = () => [],
): ConfigOf<D> => {
  const problems: ConfigProblem[] = []
  const config: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(definition)) {
    const report = (reason: string) => problems.push({ variable: name, reason, example: variable.example })
    const found = find([name, ...(variable.aliases ?? [])], environment)
    if ('problem' in found) {
      report(found.problem)
      continue
    }
    const text = found.text ?? variable.default
    if (text === undefined) {
      if (!variable.optional) report('must be set')
      continue
    }
    const parsed = parse(variable, text)
    if ('problem' in parsed) report(parsed.problem)
    else config[name] = parsed.value
  }
  const malformed = new Set(problems.map(problem => problem.variable))
  const found = check(config as Partial<ConfigOf<D>>)
  problems.push(...found.filter(problem => !malformed.has(problem.variable)))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config) as ConfigOf<D>
}

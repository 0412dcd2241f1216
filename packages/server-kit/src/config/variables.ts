import type { z } from 'zod'
import type { Secret } from './secret.js'

/** One environment variable: its schema over the text, what it is without, and what people are told of it. */
export interface Variable<T> {
  readonly schema: z.ZodType<T, string>
  /** Text that is read as if it had been set; left out where the variable must be set (or may be absent). */
  readonly default?: string
  readonly optional?: boolean
  readonly doc: string
  readonly example: string
  readonly secret?: boolean
  readonly aliases?: readonly string[]
}

type AnyVariable = Variable<unknown>
export type Variables = Readonly<Record<string, AnyVariable>>

type ValueOf<V> = V extends { schema: z.ZodType<infer T, string> } ? (V extends { secret: true } ? Secret : T) : never
export type ConfigOf<D extends Variables> = {
  readonly [K in keyof D]: D[K] extends { optional: true } ? ValueOf<D[K]> | undefined : ValueOf<D[K]>
}

export const defineVariables = <const D extends Variables>(definition: D): D => Object.freeze(definition)

export interface ConfigProblem {
  readonly variable: string
  readonly reason: string
  readonly example: string
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(problem => `  ${problem.variable}: ${problem.reason}\n      example: ${problem.example}`)
    super(`The configuration does not fit (${problems.length}):\n${lines.join('\n')}`)
    this.problems = problems
  }
}

/** A row of the configuration's documentation. */
export interface VariableDescription {
  readonly variable: string
  readonly default: string
  readonly required: boolean
  readonly secret: boolean
  readonly aliases: readonly string[]
  readonly doc: string
  readonly example: string
}

export const describeVariables = (definition: Variables): readonly VariableDescription[] =>
  Object.entries(definition).map(([variable, { default: value, optional, secret, aliases, doc, example }]) => ({
    variable,
    default: value ?? '',
    required: value === undefined && optional !== true,
    secret: secret === true,
    aliases: aliases ?? [],
    doc,
    example,
  }))

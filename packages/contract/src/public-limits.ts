import * as z from 'zod'
import { count } from './fields.js'
import { limits } from './limits.js'

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : ''

export type PublicLimits = { readonly [Name in keyof typeof limits as SnakeCase<Name>]: number }

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** The limits under the names of `GET /api/config`: `max_body_bytes` and so on. */
export const publicLimits = Object.freeze(
  Object.fromEntries(Object.entries(limits).map(([name, value]) => [snakeCase(name), value])),
) as PublicLimits

const shape = Object.fromEntries(Object.keys(publicLimits).map(name => [name, count]))

export const publicLimitsSchema = z.object(shape as Record<keyof PublicLimits, typeof count>).meta({ id: 'Limits' })

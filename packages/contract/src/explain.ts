import type { z } from 'zod'

type Issue = z.core.$ZodIssue
type Root = 'body' | 'query' | 'path' | 'frame'

/** Where a fault is: fields of a body or frame stand alone, those of other parts behind the name of the part. */
const placeOf = (path: readonly PropertyKey[], root: Root): string => {
  const standsAlone = (root === 'body' || root === 'frame') && typeof path[0] === 'string'
  const start = standsAlone ? '' : root
  return path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`
    return place === '' ? String(key) : `${place}.${String(key)}`
  }, start)
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

const maxShownKeys = 3
const maxShownCharacters = 60

const unknownFields = (keys: readonly string[]): string => {
  const shown = keys.slice(0, maxShownKeys).map(key => JSON.stringify(key.slice(0, maxShownCharacters)))
  const rest = keys.length > maxShownKeys ? ` and ${keys.length - maxShownKeys} more` : ''
  return `unknown field${keys.length > 1 ? 's' : ''} ${shown.join(', ')}${rest}`
}

const counted: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }

/** The limit of a size or number for which its schema has no words of its own. */
const limitOf = (issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string => {
  if (!issue.message.startsWith('Too ')) return issue.message
  const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
  return `${limit}${counted[issue.origin] ?? ''}`
}

const saying = (issue: Issue): string => {
  switch (issue.code) {
    case 'too_small':
    case 'too_big':
      return limitOf(issue)
    case 'unrecognized_keys':
      return unknownFields(issue.keys)
    case 'invalid_type':
      return issue.input === undefined && issue.message.includes('undefined')
        ? 'is missing'
        : `must be ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map(value => JSON.stringify(value)).join(' or ')}`
    case 'invalid_union':
      return 'does not fit any of the allowed forms'
    default:
      return issue.message
  }
}

/** What is wrong with a value, for whoever sent it: names the first field and its limit. Never repeats the value. */
export const explainIssues = (
  issues: readonly Issue[],
  root: Root = 'body',
): { readonly message: string; readonly field: string } => {
  const first = issues[0]
  if (!first) return { message: 'does not fit', field: root }
  const field = placeOf(first.path, root)
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return { field, message: `${field}: ${saying(first)}${more}` }
}

import type { z } from 'zod'

type Issue = z.core.$ZodIssue

const named = (path: readonly PropertyKey[], root: string): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === root && root === 'body' ? String(key) : text === '' ? String(key) : `${text}.${String(key)}`
  }, root)

const typeNames: Record<string, string> = { string: 'text', number: 'a number', int: 'a whole number', array: 'a list' }

const saying = (issue: Issue): string => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field${issue.keys.length > 1 ? 's' : ''} ${issue.keys.map(key => JSON.stringify(key.slice(0, 60))).join(', ')}`
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
  root: 'body' | 'query' | 'path' | 'frame' = 'body',
): { readonly message: string; readonly field: string } => {
  const first = issues[0]
  if (!first) return { message: 'does not fit', field: root }
  const field = named(first.path, root)
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return { field, message: `${field}: ${saying(first)}${more}` }
}

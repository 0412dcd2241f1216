import type { ConfigProblem } from './variables.js'

const minCharacters = 32
const minOwnCharacters = 16
const minDistinctCharacters = 8

/** Words that defaults and examples are made of; a secret needs enough besides. */
const words =
  /secret|change|password|default|example|insecure|development|production|please|super|your|here|this|token|test|demo|jwt|key|dev|qsm|me|in|my|[-_ .]/gi

/** Whether it is a shorter text again and again, or goes along the alphabet or the digits. */
const isPattern = (value: string): boolean => {
  const isRepeated = `${value}${value}`.indexOf(value, 1) < value.length / 2 + 1
  const steps = new Set(Array.from(value, (character, at) => character.charCodeAt(0) - value.charCodeAt(at - 1)))
  return isRepeated || steps.size < minDistinctCharacters
}

/** A secret that everybody could guess is refused outside development and test. */
export const secretProblems = (environment: string, name: string, value: string): readonly ConfigProblem[] => {
  if (environment === 'development' || environment === 'test') return []
  const problem = (reason: string) => [{ variable: name, reason, example: 'the output of: openssl rand -base64 48' }]
  if (value.length < minCharacters) return problem(`at least ${minCharacters} characters outside development`)
  const own = value.replace(words, '')
  const isOwn = own.length >= minOwnCharacters && new Set(own).size >= minDistinctCharacters
  if (isOwn && !isPattern(value)) return []
  return problem('looks like a default or an example: draw a random one')
}

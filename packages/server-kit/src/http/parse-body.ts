import { limits } from '@qsm/contract'
import { QsmError } from '../errors/qsm-error.js'

/** Keys that reach into an object's prototype; no field of the contract has such a name. */
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** Refuses what is nested too deep or names a prototype. Iterative: deep input must not exhaust the stack. */
const guardValue = (value: unknown): void => {
  const waiting: { value: unknown; depth: number }[] = [{ value, depth: 1 }]
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (typeof entry.value !== 'object' || entry.value === null) continue
    if (entry.depth > limits.maxJsonDepth) {
      throw new QsmError('bad_request', `The body is nested deeper than ${limits.maxJsonDepth} levels.`)
    }
    const depth = entry.depth + 1
    if (Array.isArray(entry.value)) {
      for (const item of entry.value) waiting.push({ value: item, depth })
      continue
    }
    for (const [key, item] of Object.entries(entry.value)) {
      if (refusedKeys.has(key)) throw new QsmError('bad_request', `${key} is no field.`, { details: { field: key } })
      waiting.push({ value: item, depth })
    }
  }
}

/** JSON text as a value. Throws `malformed_json`, or `bad_request` for what `guardValue` refuses. */
export const parseJson = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new QsmError('malformed_json', undefined, { cause })
  }
  guardValue(value)
  return value
}

/** Pairs of a form or query as an object of texts. Throws `bad_request` for a key that comes twice. */
export const parsePairs = (pairs: URLSearchParams, where: string): Record<string, string> => {
  const result: Record<string, string> = {}
  for (const [key, value] of pairs) {
    if (refusedKeys.has(key)) throw new QsmError('bad_request', `${key} is no field.`, { details: { field: key } })
    if (Object.hasOwn(result, key)) {
      throw new QsmError('bad_request', `${where}: ${key.slice(0, 60)} is given twice.`, {
        details: { field: key.slice(0, 60) },
      })
    }
    result[key] = value
  }
  return result
}

export const parseForm = (text: string): Record<string, string> => parsePairs(new URLSearchParams(text), 'body')

import { SharedArray } from 'k6/data'
import type { Pair, Prepared, Shape } from '../prepared.js'

const trimmed = (__ENV.BASE_URL || 'http://127.0.0.1:8000').replace(/\/+$/, '')
if (!/^https?:\/\/[^/@]+$/.test(trimmed)) {
  throw new Error('BASE_URL: an address such as http://127.0.0.1:8000, without a path, a user or a password')
}

/** The target, without a slash at the end. */
export const baseUrl = trimmed
export const socketUrl = `${baseUrl.replace(/^http/, 'ws')}/ws`

const read = (): Prepared => {
  if (!__ENV.LOAD_FILE) throw new Error('This scenario needs people: run it by `npm run load -- NAME`.')
  return JSON.parse(open(__ENV.LOAD_FILE))
}

/** The prepared pairs; all virtual users share one copy. Only in the init stage. */
export const preparedPairs = (): readonly Pair[] => new SharedArray('pairs', () => [...read().pairs])

/** How much to do, as it was prepared. Only in the init stage. */
export const preparedShape = (): Shape => new SharedArray('shape', () => [read().shape])[0] as Shape

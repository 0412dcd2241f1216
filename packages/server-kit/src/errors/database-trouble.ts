/** Codes of the network that mean "not now". ENOENT only of a connection: the database's own socket file is missing. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
])
/** Classes 08 connection, 53 resources, 57 operator intervention, 58 system; lock and statement timeouts, deadlock. */
const postgresClasses = new Set(['08', '53', '57', '58'])
const postgresCodes = new Set(['55P03', '40P01', '40001', '25006'])
const driverTexts = [
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Client has encountered a connection error',
  'Query read timeout',
  'the pool is full',
  'Cannot use a pool after calling end',
]

interface Properties {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly message?: unknown
  readonly driverError?: unknown
  readonly cause?: unknown
}

const properties = (error: unknown): Properties => (typeof error === 'object' && error !== null ? error : {})

/** Whether a pooler refused a setting of a connection, which it will do again. */
export const isRefusedParameter = (error: unknown): boolean => {
  const { code, message } = properties(error)
  return code === '08P01' && typeof message === 'string' && message.includes('startup parameter')
}

/** How far causes of causes are followed. */
const maxDepth = 5

/** Whether an error says that the database is away, full or too slow just now. */
export const isDatabaseTrouble = (error: unknown, depth = 0): boolean => {
  const { code, syscall, message, driverError, cause } = properties(error)
  if (typeof code === 'string') {
    if (networkCodes.has(code) || postgresCodes.has(code) || (code === 'ENOENT' && syscall === 'connect')) return true
    if (isRefusedParameter(error)) return false
    if (code.length === 5 && postgresClasses.has(code.slice(0, 2))) return true
  }
  if (typeof message === 'string' && driverTexts.some(text => message.includes(text))) return true
  return (
    depth < maxDepth && [driverError, cause].some(inner => inner !== undefined && isDatabaseTrouble(inner, depth + 1))
  )
}

/** Whether PostgreSQL refused a text that it cannot store, such as one with a NUL (22021, 22P05). */
export const isUnstorableText = (error: unknown): boolean => {
  const { code, driverError } = properties(error)
  return code === '22021' || code === '22P05' || (driverError !== undefined && isUnstorableText(driverError))
}

/** Whether an error is a unique violation (23505), and of which constraint. */
export const violatedUnique = (error: unknown): string | null => {
  const { code, driverError } = properties(error)
  if (code === '23505') return String((error as { constraint?: unknown }).constraint ?? '')
  return driverError === undefined ? null : violatedUnique(driverError)
}

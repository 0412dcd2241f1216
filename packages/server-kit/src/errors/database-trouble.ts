/** Codes of the network and of Postgres that mean "not now": the same request may succeed later, nothing was stored. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'ENOENT',
  'EHOSTUNREACH',
])
/** Classes 08 connection, 53 resources, 57 operator intervention, 58 system; lock and statement timeouts, deadlock. */
const postgresClasses = new Set(['08', '53', '57', '58'])
const postgresCodes = new Set(['55P03', '40P01', '40001', '25006'])
const driverTexts = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Query read timeout',
  'the pool is full',
  'Cannot use a pool after calling end',
]

const properties = (error: unknown): { code?: unknown; message?: unknown; driverError?: unknown; cause?: unknown } =>
  typeof error === 'object' && error !== null ? error : {}

/** Whether an error says that the database is away, full or too slow just now. */
export const isDatabaseTrouble = (error: unknown): boolean => {
  const { code, message, driverError, cause } = properties(error)
  if (typeof code === 'string') {
    if (networkCodes.has(code) || postgresCodes.has(code)) return true
    if (code.length === 5 && postgresClasses.has(code.slice(0, 2))) return true
  }
  if (typeof message === 'string' && driverTexts.some(text => message.includes(text))) return true
  return [driverError, cause].some(inner => inner !== undefined && inner !== error && isDatabaseTrouble(inner))
}

/** Whether an error is a unique violation (23505), and of which constraint. */
export const violatedUnique = (error: unknown): string | null => {
  const { code, driverError } = properties(error)
  if (code === '23505') return String((error as { constraint?: unknown }).constraint ?? '')
  return driverError === undefined || driverError === error ? null : violatedUnique(driverError)
}

// Goes into the test build of the message pod, and nowhere else: places at which a process can be killed, and bugs. What is
// on is said by files in the folder of QSM_TEST_CONTROL.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const points = ['after-parse', 'after-insert', 'after-commit', 'after-answer', 'within-catch-up-page']
export const bugs = ['acknowledge-before-commit', 'no-dedupe', 'max-id-cursor', 'redis-only', 'restart-without-cursor']

const fileOf = name => join(process.env.QSM_TEST_CONTROL ?? '/nowhere', name)
const read = name => {
  try {
    return readFileSync(fileOf(name), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** One bug for the life of a process. */
const bug = read('bug')
if (bug && !bugs.includes(bug)) throw new Error(`There is no planted bug ${bug}: ${bugs.join(', ')}.`)
export const has = name => bug === name

export const isArmed = point => existsSync(fileOf(point))

/** Ends this process outright where it is the n-th time that a pod passes here; the file of the point says n. */
export const pass = point => {
  const left = read(point)
  if (left === null) return
  if (Number(left) > 1) return writeFileSync(fileOf(point), String(Number(left) - 1))
  rmSync(fileOf(point), { force: true })
  process.kill(process.pid, 'SIGKILL')
}

/** The same when what was written in this turn of the event loop has left. */
export const passInNextTurn = async point => {
  await sleep(2)
  pass(point)
}

/** Does the work at once, or after the answer has left where somebody waits for that. */
export const afterAnswer = work => {
  if (!isArmed('after-answer')) return work()
  void passInNextTurn('after-answer').then(work)
}

/** How long a bug keeps a commit back. */
export const lateMs = 300
const maxLateMs = 200

export const onConflict = has('no-dedupe') ? ' ON CONFLICT DO NOTHING' : ''

const takeNumbers = `
UPDATE message.mailbox m SET next_sequence = m.next_sequence + n.count
FROM (SELECT user_id, device_id, count(*) FROM unnest($1::uuid[], $2::bigint[]) AS i(user_id, device_id) GROUP BY 1, 2) n
WHERE m.user_id = n.user_id AND m.device_id = n.device_id
RETURNING m.user_id, m.device_id, m.next_sequence - n.count AS first`

/** In place of the locks of mailboxes: numbers that were taken before. */
export const takenBefore =
  'SELECT l.*, NULL::uuid AS socket_id FROM unnest($14::uuid[], $15::bigint[], $16::bigint[]) AS l(user_id, device_id, next_sequence)'

/** Runs the statement that stores sends; with the bug, numbers are taken first, and what is stored comes later. */
export const store = async (query, statement, values) => {
  if (!has('max-id-cursor')) return query(statement, values)
  const taken = await query(takeNumbers, [values[1], values[2]])
  await sleep(maxLateMs * Math.random())
  const columns = ['user_id', 'device_id', 'first'].map(name => taken.map(row => row[name]))
  return query(statement, [...values, ...columns])
}

/** The same in a transaction of its own, so that there is a moment between the insert and the commit. */
export const storeAndCommit = (database, statement, values) => {
  if (!isArmed('after-insert')) return store(database.query, statement, values)
  return database.transaction(async query => {
    const rows = await store(query, statement, values)
    pass('after-insert')
    return rows
  })
}

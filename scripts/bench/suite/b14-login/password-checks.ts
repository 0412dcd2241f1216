import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { createPasswordHasher } from '../../../../services/auth/src/passwords/hasher.js'
import { hashesAtOnce } from '../../../../services/auth/src/passwords/hashes-at-once.js'
import { silentLog } from '../../../../tests/support/silent-log.js'

/** Checks one password against its own hash. Throws where it says that it does not fit, or that another one does. */
export type CheckPassword = () => Promise<void>

const password = 'correct horse battery'
const whom = { account: 'bench', address: '192.0.2.1' }
const atOnce = 2

const mustBe = (right: boolean): void => {
  if (!right) throw new Error('a password was judged wrongly')
}

/** As the auth service checks: argon2id, 19 MiB, two passes, one lane, and one core left free. */
export const ownCheck = async (): Promise<CheckPassword> => {
  const maxConcurrent = hashesAtOnce(atOnce, availableParallelism())
  const limits = { maxConcurrent, maxWaiting: 10, maxWaitingPerAccount: 10, maxWaitingPerAddress: 10 }
  const hasher = await createPasswordHasher(limits, silentLog)
  const stored = await hasher.hash(password, whom)
  mustBe(!(await hasher.verify(stored, 'another', whom)))
  return async () => mustBe(await hasher.verify(stored, password, whom))
}

/** The npm package `argon2` with the same parameters, from the folder that BENCH_ARGON2 names; null where it is not there. */
export const npmCheck = async (): Promise<CheckPassword | null> => {
  const folder = process.env.BENCH_ARGON2
  if (!folder) return null
  const argon2 = createRequire(`${folder}/package.json`)('argon2') as {
    readonly argon2id: number
    hash(password: string, options: object): Promise<string>
    verify(hash: string, password: string): Promise<boolean>
  }
  const stored = await argon2.hash(password, { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  mustBe(!(await argon2.verify(stored, 'another')))
  return async () => mustBe(await argon2.verify(stored, password))
}

/** Passwords checked for each second of CPU time of this process and its threads; two are always asked for. */
export const checksPerCpuSecond = async (check: CheckPassword, count: number): Promise<number> => {
  const begun = process.cpuUsage()
  const checkInTurn = async () => {
    for (let done = 0; done < count / atOnce; done += 1) await check()
  }
  await Promise.all(Array.from({ length: atOnce }, checkInTurn))
  const { user, system } = process.cpuUsage(begun)
  return (count * 1_000_000) / (user + system)
}

import { login, register } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { assembleClient } from '../assemble.js'
import type { ClientParts, Surroundings } from '../client-parts.js'
import { presentDevice } from '../device/present-device.js'
import { QsmClientError } from '../errors.js'
import { createHttpClient } from '../http/http-client.js'
import { putTokens, tokensOf } from '../http/tokens.js'
import { keys } from '../store/keys.js'
import { putJson } from '../store/values.js'
import { checkBelongs, readAccount, type StoredAccount } from './stored-account.js'

export interface ClientOptions extends Surroundings {
  /** Address of the server, such as `https://qsm.example.org`. */
  readonly url: string
}

export interface LoginOptions extends ClientOptions {
  readonly username: string
  /** Goes to the server over the connection; never stored. */
  readonly password: string
}

export interface RegisterOptions extends LoginOptions {
  readonly email: string
}

export interface ResumeOptions extends Surroundings {
  /** Where the server is now, if it has moved. */
  readonly url?: string | undefined
}

const httpOf = ({ url, fetch, timeoutMs }: ClientOptions) => createHttpClient({ url, fetch, timeoutMs })

/** Makes an account. Throws `username_taken`, `weak_password`, `validation_failed`. */
export const makeAccount = async (options: RegisterOptions): Promise<void> => {
  const { username, email, password, store } = options
  const stored = await store.exclusive(readAccount)
  if (stored) {
    throw new QsmClientError(
      'store_in_use',
      `This store belongs to ${stored.username} at ${stored.url}. Use another one for a new account.`,
    )
  }
  await httpOf(options).call(register, { body: { username, email, password } })
}

/**
 * Logs in: the tokens are stored, the device is made where there is none and shown to the server, the own devices are
 * learnt, prekeys are put up. Throws `invalid_credentials`, `device_removed`.
 */
export const logIn = async (options: LoginOptions, algorithms: Algorithms): Promise<ClientParts> => {
  const { username, password, store } = options
  const http = httpOf(options)
  const answer = await http.call(login, { body: { username, password } })
  const account: StoredAccount = { url: http.url, username: answer.username, userId: answer.user_id }
  await store.exclusive(async transaction => {
    checkBelongs(await readAccount(transaction), account)
    putJson(transaction, keys.account, account)
    putTokens(transaction, tokensOf(answer, algorithms.now()))
  })
  const parts = assembleClient(account, algorithms, options)
  await presentDevice(store, algorithms, parts.api, account.userId)
  await parts.directory.learn(account.username)
  await parts.refillPrekeys()
  return parts
}

/** Goes on with the account of a store, without the network. Throws `not_logged_in` where there is none. */
export const resume = async (options: ResumeOptions, algorithms: Algorithms): Promise<ClientParts> => {
  const stored = await options.store.exclusive(async transaction => ({
    account: await readAccount(transaction),
    hasTokens: (await transaction.get(keys.tokens)) !== null,
  }))
  if (!stored.account || !stored.hasTokens) {
    throw new QsmClientError(
      'not_logged_in',
      'Nobody is logged in here: register or log in first (qsm register, qsm login; --home says where).',
    )
  }
  return assembleClient({ ...stored.account, url: options.url ?? stored.account.url }, algorithms, options)
}

import { deleteAccount, login } from '@qsm/contract'
import { createHttpClient } from '../http/http-client.js'
import type { LoginOptions } from './log-in.js'

/**
 * Deletes an account by its password: no device and no store are needed. Throws `invalid_credentials` where there is none
 * (or the password is another), `unreachable`.
 */
export const removeAccount = async (options: Omit<LoginOptions, 'store'>): Promise<void> => {
  const { url, fetch, timeoutMs, username, password } = options
  const http = createHttpClient({ url, fetch, timeoutMs })
  const { access_token } = await http.call(login, { body: { username, password } })
  await http.call(deleteAccount, {}, access_token)
}

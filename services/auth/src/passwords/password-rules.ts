import { QsmError } from '@qsm/server-kit'
import type { AuthContext } from '../context.js'
import { isCommonPassword } from './commonest.js'

/** Length is the contract's matter; here, what would be guessed at once. Throws `weak_password`, naming the field. */
export const checkNewPassword = (
  context: AuthContext,
  username: string,
  { field, password }: { readonly field: string; readonly password: string },
): void => {
  if (!context.refuseCommonPasswords) return
  if (isCommonPassword(password)) throw new QsmError('weak_password', undefined, { details: { field } })
  if (password.toLowerCase() === username.toLowerCase()) {
    throw new QsmError('weak_password', 'The password is the username: choose another.', { details: { field } })
  }
}

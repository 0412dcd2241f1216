import type { RouteContract } from '@qsm/contract'
import { hasCode } from '../errors.js'
import type { CallInput, HttpClient } from './http-client.js'
import type { SuccessOf } from './read-answer.js'
import type { Tokens } from './tokens.js'

/** Calls of a device that is logged in. */
export interface Api {
  readonly url: string
  call<R extends RouteContract>(route: R, input: CallInput<R>): Promise<SuccessOf<R>>
  /** For the `Authorization` header of a socket. */
  accessToken(): Promise<string>
}

/**
 * Calls with the token of the login session, renewed where it is refused. `presentDevice` is called where the server does
 * not know the device of this session (a login that was cut off); then the call is made again.
 */
export const createApi = (http: HttpClient, tokens: Tokens, presentDevice: (api: Api) => Promise<void>): Api => {
  const authorized = async <R extends RouteContract>(route: R, input: CallInput<R>): Promise<SuccessOf<R>> => {
    const access = await tokens.access()
    try {
      return await http.call(route, input, access)
    } catch (error) {
      if (!hasCode(error, 'unauthorized')) throw error
      return http.call(route, input, await tokens.renew(access))
    }
  }
  const plain: Api = { url: http.url, call: authorized, accessToken: tokens.access }
  return {
    ...plain,
    async call(route, input) {
      try {
        return await authorized(route, input)
      } catch (error) {
        if (!hasCode(error, 'device_required')) throw error
        await presentDevice(plain)
        return authorized(route, input)
      }
    },
  }
}

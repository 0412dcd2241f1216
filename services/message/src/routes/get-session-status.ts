import { getSessionStatus as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'

const text =
  'Sessions that the server holds for a thin client are not in this version yet; end-to-end clients hold their own.'

export const getSessionStatus = () =>
  route(contract)(async () => {
    throw new QsmError('not_implemented', text)
  })

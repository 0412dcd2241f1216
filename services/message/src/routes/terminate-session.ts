import { terminateSession as contract } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'

const text =
  'Sessions that the server holds for a thin client are not in this version yet; end-to-end clients end their own.'

export const terminateSession = () =>
  route(contract)(async () => {
    throw new QsmError('not_implemented', text)
  })

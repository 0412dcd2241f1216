import { managedKeyRoutes as contracts } from '@qsm/contract'
import { type BoundRoute, QsmError } from '@qsm/server-kit'

const refuse = async (): Promise<never> => {
  throw new QsmError(
    'not_implemented',
    'Managed keys are not in this version yet. End-to-end clients hold their own keys and need none.',
  )
}

/** The routes that need a caller: they check token and request, and say that managed keys are not there yet. */
export const managedKeyRoutes = (): readonly BoundRoute[] => contracts.map(contract => ({ contract, handle: refuse }))

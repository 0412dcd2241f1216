import { createLog } from '@qsm/server-kit'

export const silentLog = createLog({ service: 'message', level: 'silent' })

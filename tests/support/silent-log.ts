import { createLog } from '@qsm/server-kit'

export const silentLog = createLog({ service: 'test', level: 'silent' })

import { availability } from './alerts/availability.js'
import { delivery } from './alerts/delivery.js'
import { quantum } from './alerts/quantum.js'
import { requestsGroup } from './alerts/requests.js'
import { socketsGroup } from './alerts/sockets.js'

/** Every alert of QSM. A new one needs a page in docs/runbooks and a case in tests/charts/alert-cases.ts. */
export const alertGroups = [availability, requestsGroup, socketsGroup, delivery, quantum] as const

export const alerts = alertGroups.flatMap(group => group.alerts)

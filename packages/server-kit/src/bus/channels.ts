import type { Hint } from '@qsm/contract'

/** So many channels for all users: enough that a pod of thousands of users hears little of others, few enough to subscribe. */
const userChannels = 256
const fnvOffset = 0x811c9dc5
const fnvPrime = 0x01000193

/** What every pod has to hear: accounts, and what makes kept copies of devices old. */
export const everybody = 'qsm:hints:all'

/** The channel of a user: FNV-1a of the id (draft-eastlake-fnv), so that all pods choose the same one. */
export const channelOfUser = (userId: string): string => {
  let hash = fnvOffset
  for (let index = 0; index < userId.length; index += 1) {
    hash = Math.imul(hash ^ userId.charCodeAt(index), fnvPrime) >>> 0
  }
  return `qsm:hints:${hash % userChannels}`
}

/** The channel of one pod. */
export const channelOfPod = (podAddress: string): string => `qsm:hints:pod-${podAddress}`

/** Where a hint goes for which no pod is named: to the pods that have sockets of its user, or to all. */
export const channelOf = (hint: Hint): string => {
  switch (hint.kind) {
    case 'mailbox':
    case 'connection':
    case 'presence':
    case 'receipt':
    case 'typing':
    case 'socket-opened':
      return channelOfUser(hint.user_id)
    default:
      return everybody
  }
}

import { loners, type MakePairs, sealedPairs, thinPairs } from './prepare/pairs.js'
import type { Shape } from './prepared.js'

export interface Scenario {
  /** One line for `npm run load` without a name. */
  readonly says: string
  /** Null where the scenario makes its own people. */
  readonly makePairs: MakePairs | null
  readonly peopleInPair: 0 | 1 | 2
  /** What a server takes with the limits that it has by default. */
  readonly shape: Omit<Shape, 'slack'>
}

const alone = { makePairs: loners, peopleInPair: 1 } as const
const thin = { makePairs: thinPairs, peopleInPair: 2 } as const
const sealed = { makePairs: sealedPairs(() => 1), peopleInPair: 2 } as const
const devices = { makePairs: sealedPairs(({ sockets }) => sockets), peopleInPair: 2 } as const

/** The scenarios; the script of each is `scenarios/NAME.ts`. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  smoke: {
    says: 'two people register, talk and go: each step once',
    ...{ makePairs: null, peopleInPair: 0 },
    shape: { pairs: 1, perSecond: 1, seconds: 1, sockets: 1 },
  },
  login: {
    says: 'people log in at an even rate',
    ...alone,
    shape: { pairs: 20, perSecond: 20, seconds: 30, sockets: 1 },
  },
  'send-e2e': {
    says: 'people with devices of their own send sealed envelopes and get them on a socket',
    ...sealed,
    shape: { pairs: 10, perSecond: 50, seconds: 60, sockets: 1 },
  },
  'send-thin': {
    says: 'thin clients send text and get it on a socket',
    ...thin,
    shape: { pairs: 10, perSecond: 10, seconds: 60, sockets: 1 },
  },
  fanout: {
    says: 'each message is sealed for many devices of its receiver and goes to all their sockets',
    ...devices,
    shape: { pairs: 2, perSecond: 2, seconds: 30, sockets: 30 },
  },
  'idle-sockets': {
    says: 'many sockets are open and stay open',
    ...alone,
    shape: { pairs: 20, perSecond: 1, seconds: 60, sockets: 100 },
  },
  'reconnect-storm': {
    says: 'all sockets are cut at once and come back to what they have missed',
    ...thin,
    shape: { pairs: 10, perSecond: 1, seconds: 60, sockets: 20 },
  },
  soak: {
    says: 'people talk for half an hour, sockets and people come and go',
    ...thin,
    shape: { pairs: 10, perSecond: 5, seconds: 1_800, sockets: 1 },
  },
}

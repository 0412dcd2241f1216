import { type MakePairs, sealedPairs, strangers, thinPairs } from './prepare/pairs.js'
import type { Shape } from './prepared.js'

export interface Scenario {
  /** One line for `npm run load` without a name. */
  readonly says: string
  /** Null where the scenario makes its own people. */
  readonly makePairs: MakePairs | null
  /** What a server takes with the limits that it has by default. */
  readonly shape: Omit<Shape, 'slack'>
}

/** The scenarios; the script of each is `scenarios/NAME.ts`. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  smoke: {
    says: 'two people register, talk and go: each step once',
    makePairs: null,
    shape: { pairs: 1, perSecond: 1, seconds: 1, sockets: 1 },
  },
  login: {
    says: 'people log in at an even rate',
    makePairs: strangers,
    shape: { pairs: 10, perSecond: 20, seconds: 30, sockets: 1 },
  },
  'send-e2e': {
    says: 'people with devices of their own send sealed envelopes and get them on a socket',
    makePairs: sealedPairs,
    shape: { pairs: 10, perSecond: 50, seconds: 60, sockets: 1 },
  },
  'send-thin': {
    says: 'thin clients send by POST and get it on a socket',
    makePairs: thinPairs,
    shape: { pairs: 10, perSecond: 20, seconds: 60, sockets: 1 },
  },
}

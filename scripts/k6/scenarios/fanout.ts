// Each message goes to all devices of its receiver, sealed for each, and each has a socket. The envelopes are made before.
import { converse } from '../parts/converse.js'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { summarize } from '../parts/summary.js'

const name = 'fanout'
const shape = preparedShape()
const pairs = preparedPairs()

export const options = named(name, {
  scenarios: { [name]: eachPair(shape) },
  thresholds: {
    messages_sent: [`count>=${Math.floor(shape.perSecond * shape.seconds * 0.9)}`],
    deliveries: [`count>=${Math.floor(shape.perSecond * shape.seconds * shape.sockets * 0.9)}`],
    messages_refused: ['count==0'],
    messages_lost: ['count==0'],
    sockets_dropped: ['count==0'],
    delivery_ms: [`p(95)<${1_000 * shape.slack}`, `p(99)<${2_000 * shape.slack}`],
  },
})

export const handleSummary = summarize(name)

export default (): Promise<void> => converse(ownPair(pairs), shape)

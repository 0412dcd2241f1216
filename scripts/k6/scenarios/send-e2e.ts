// People with devices of their own send envelopes by POST and get them on a socket. k6 cannot seal: the envelopes are made
// before the run, and each is used once, since the server refuses a replay.
import { converse } from '../parts/converse.js'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { summarize } from '../parts/summary.js'

const name = 'send-e2e'
const shape = { ...preparedShape(), sockets: 1 } // A second socket of one device would displace the first.
const pairs = preparedPairs()

export const options = named(name, {
  scenarios: { [name]: eachPair(shape) },
  thresholds: {
    messages_sent: [`count>=${Math.floor(shape.perSecond * shape.seconds * 0.9)}`],
    messages_refused: ['count==0'],
    messages_lost: ['count==0'],
    sockets_dropped: ['count==0'],
    'http_req_duration{name:send}': [`p(99)<${150 * shape.slack}`],
    delivery_ms: [`p(99)<${400 * shape.slack}`],
  },
})

export const handleSummary = summarize(name)

export default (): Promise<void> => converse(ownPair(pairs), shape)

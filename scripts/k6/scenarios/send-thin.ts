// Thin clients send readable text by POST and get it on a socket; their managed devices seal, sign and open it.
import { converse } from '../parts/converse.js'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { summarize } from '../parts/summary.js'

const name = 'send-thin'
const shape = preparedShape()
const pairs = preparedPairs()

export const options = named(name, {
  scenarios: { [name]: eachPair(shape) },
  thresholds: {
    messages_sent: [`count>=${Math.floor(shape.perSecond * shape.seconds * 0.9)}`],
    messages_refused: ['count==0'],
    messages_lost: ['count==0'],
    sockets_dropped: ['count==0'],
    'http_req_duration{name:send}': [`p(99)<${500 * shape.slack}`],
    delivery_ms: [`p(99)<${1_000 * shape.slack}`],
  },
})

export const handleSummary = summarize(name)

export default (): Promise<void> => converse(ownPair(pairs), shape)

// For as long as one wants: thin clients talk, their sockets are opened anew, tokens are refreshed, and other people come and go.
import { converse } from '../parts/converse.js'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { summarize } from '../parts/summary.js'
import { toursDone, tour as wholeTour } from '../parts/tour.js'

const name = 'soak'
const shape = preparedShape()
const pairs = preparedPairs()
const reopenEveryMs = Math.min(30_000, (shape.seconds * 1_000) / 3)
const secondsBetweenTours = Math.min(10, shape.seconds / 2)
const tours = Math.floor(shape.seconds / secondsBetweenTours)

export const options = named(name, {
  scenarios: {
    talk: { ...eachPair(shape), exec: 'talk' },
    tours: {
      executor: 'constant-arrival-rate',
      exec: 'tour',
      rate: tours,
      timeUnit: `${shape.seconds}s`,
      duration: `${shape.seconds}s`,
      preAllocatedVUs: 4,
    },
  },
  thresholds: {
    messages_sent: [`count>=${Math.floor(shape.perSecond * shape.seconds * 0.9)}`],
    messages_refused: ['count==0'],
    messages_lost: ['count==0'],
    sockets_refused: ['count==0'],
    sockets_dropped: ['count==0'],
    tours_done: [`count>=${Math.floor(tours * 0.9)}`],
    checks: ['rate==1'],
    'http_req_duration{name:send}': [`p(99)<${500 * shape.slack}`],
    delivery_ms: [`p(99)<${1_000 * shape.slack}`],
  },
})

export const setup = (): void => toursDone.add(0) // A threshold on a metric without a sample would count as met.

export const handleSummary = summarize(name)

export const talk = (): Promise<void> => converse(ownPair(pairs), shape, { reopenEveryMs })

export const tour = wholeTour

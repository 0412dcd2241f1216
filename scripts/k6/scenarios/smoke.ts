// Two people register, talk and go away again: each step once. Prepares nothing, so it runs as a Job in a cluster too.
import { named } from '../parts/each-pair.js'
import { summarize } from '../parts/summary.js'
import { tour, toursDone } from '../parts/tour.js'

const name = 'smoke'

export const options = named(name, {
  scenarios: { [name]: { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: '60s' } },
  thresholds: {
    checks: ['rate==1'],
    tours_done: ['count==1'],
    messages_lost: ['count==0'],
    http_req_failed: ['rate==0'],
    http_req_duration: [`p(95)<${2_000 * Number(__ENV.LOAD_SLACK || 1)}`],
  },
})

export const setup = (): void => toursDone.add(0)

export const handleSummary = summarize(name)

export default tour

// People log in at an even rate, whether or not earlier answers have come: each login hashes a password.
import { check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter } from 'k6/metrics'
import { named } from '../parts/each-pair.js'
import { baseUrl, preparedPairs, preparedShape } from '../parts/settings.js'
import { summarize } from '../parts/summary.js'

const name = 'login'
const shape = preparedShape()
const pairs = preparedPairs()
const logins = new Counter('logins')

export const options = named(name, {
  scenarios: {
    [name]: {
      executor: 'constant-arrival-rate',
      rate: shape.perSecond,
      timeUnit: '1s',
      duration: `${shape.seconds}s`,
      preAllocatedVUs: Math.ceil(shape.perSecond * 2),
    },
  },
  thresholds: {
    logins: [`count>=${Math.floor(shape.perSecond * shape.seconds * 0.9)}`],
    checks: ['rate==1'],
    dropped_iterations: ['count==0'],
    'http_req_duration{name:login}': [`p(95)<${500 * shape.slack}`, `p(99)<${1_000 * shape.slack}`],
  },
})

export const setup = (): void => logins.add(0) // A threshold on a metric without a sample would count as met.

export const handleSummary = summarize(name)

export default (): void => {
  const pair = pairs[exec.scenario.iterationInTest % pairs.length]
  if (!pair) throw new Error('nobody was prepared')
  const { username, password } = pair.sender
  const response = http.post(`${baseUrl}/api/login`, JSON.stringify({ username, password }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'login' },
  })
  const isIn = check(response, {
    'the login is answered with 200': ({ status }) => status === 200,
    'the answer has a token': ({ status, body }) => status === 200 && String(body).includes('"access_token"'),
  })
  if (isIn) logins.add(1)
}

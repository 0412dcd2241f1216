import { describe, expect, it } from 'vitest'
import { AnswerError, expectAnswer, getHealth, getMe, logout, register, sendMessage } from '../src/index.js'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const registered = { message: 'made', user_id: id, username: 'alice', quantum_ready: false }
const errorOf = (code: string, status: number, more: object = {}) => ({
  error: { code, message: 'text', retryable: false, request_id: 'r', ...more },
  status_code: status,
  timestamp: '2026-11-24T12:00:00.000Z',
})

describe('an answer', () => {
  it('passes where status and body are those of the contract', () => {
    expectAnswer(register, 201, registered)
    expectAnswer(logout, 204, undefined)
    expectAnswer(register, 409, errorOf('username_taken', 409))
    expectAnswer(getMe, 401, errorOf('unauthorized', 401))
  })

  it.each([
    ['has a field too many', register, 201, { ...registered, password: 'x' }, 'password is not in the contract'],
    ['lacks a field', register, 201, { ...registered, user_id: undefined }, 'user_id: is missing'],
    [
      'writes an id in capitals',
      register,
      201,
      { ...registered, user_id: id.toUpperCase() },
      'user_id is not in the contract',
    ],
    ['has a status that is not declared', register, 200, registered, 'this status is not declared'],
    ['has a body where none is declared', logout, 204, {}, 'a body where none is declared'],
    ['has no body where one is declared', register, 201, undefined, 'register 201: body'],
    [
      'has a code that the route does not list',
      register,
      404,
      errorOf('not_found', 404),
      'the route does not list not_found',
    ],
    ['has a code that does not exist', register, 400, errorOf('odd', 400), 'there is no code odd'],
    ['has another status than its code', register, 400, errorOf('username_taken', 400), 'username_taken is 409'],
    ['has another status in its body', register, 409, errorOf('username_taken', 400), 'the body says 400'],
    [
      'calls an error retryable that is not',
      register,
      409,
      errorOf('username_taken', 409, { retryable: true }),
      'retryable',
    ],
    [
      'has a field too many within the error',
      register,
      409,
      errorOf('username_taken', 409, { stack: 'x' }),
      'error.stack',
    ],
  ])('is refused where it %s', (_, route, status, body, message) => {
    const check = () => expectAnswer(route, status, body === undefined ? body : JSON.parse(JSON.stringify(body)))
    expect(check).toThrow(AnswerError)
    expect(check).toThrow(message)
  })

  it('of a union may have either form, and nothing of both', () => {
    const sent = { message_id: id, devices: [{ user_id: id, device_id: 1, sequence: 1 }] }
    expectAnswer(sendMessage, 201, sent)
    expect(() => expectAnswer(sendMessage, 201, { ...sent, status: 'sent' })).toThrow('status is not in the contract')
    expect(() => expectAnswer(sendMessage, 201, { ...sent, devices: [{ ...sent.devices[0], key: 1 }] })).toThrow(
      'devices.0.key is not in the contract',
    )
  })

  it('of 503 may be the declared body or the error', () => {
    const health = getHealth.responses[503].example
    expectAnswer(getHealth, 503, health)
    expectAnswer(getHealth, 503, errorOf('draining', 503, { retryable: true }))
  })

  it('of a device mismatch lists devices within the error and beside it', () => {
    const lists = { missing: [{ user_id: id, device_id: 1 }], extra: [] }
    expectAnswer(sendMessage, 409, { ...errorOf('device_mismatch', 409, lists), ...lists })
  })
})

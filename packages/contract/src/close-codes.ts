/**
 * Why a socket was closed. The range tells the client what to do without a table: 4000–4499 connect again (with jitter),
 * 4500–4999 stop and tell the user.
 */
export interface CloseCode {
  readonly code: number
  readonly reason: string
  readonly meaning: string
  /** What the client does. */
  readonly next: string
}

const close = (code: number, reason: string, meaning: string, next: string): CloseCode =>
  Object.freeze({ code, reason, meaning, next })

/** The codes of QSM. */
export const closeCodes = Object.freeze({
  draining: close(4001, 'draining', 'This server stops; another one takes you.', 'Connects again after a random wait.'),
  unavailable: close(
    4002,
    'unavailable',
    'A part that this needs is away for a while.',
    'Connects again, waiting longer each time.',
  ),
  slowConsumer: close(
    4008,
    'slow_consumer',
    'Too much was unacknowledged or unread for too long; nothing is lost.',
    'Connects again and reads on from its last acknowledgement.',
  ),
  tokenExpired: close(4011, 'token_expired', 'The access token is over.', 'Refreshes the token and connects again.'),
  rebound: close(4012, 'rebound', 'The login session works as another device now.', 'Connects again, as that device.'),
  tooFast: close(
    4029,
    'too_fast',
    'Too many frames came in a second.',
    'Connects again after at least a second and sends more slowly.',
  ),
  badFrame: close(
    4500,
    'bad_frame',
    'A frame was not understood; the error frame before this code says which.',
    'Stops: the same frame would be refused again.',
  ),
  sessionEnded: close(4503, 'session_ended', 'The login session is over.', 'Stops until the user logs in again.'),
  displaced: close(
    4509,
    'displaced',
    'Another socket of this device was opened.',
    'Stops: two sockets of one device would displace each other for ever.',
  ),
  deviceRemoved: close(
    4510,
    'device_removed',
    'The device was removed from the account.',
    'Stops; a new device has to be registered.',
  ),
  accountGone: close(4511, 'account_gone', 'The account was deleted or disabled.', 'Stops.'),
})

/** The codes of RFC 6455 section 7.4.1 and the IANA registry that a client of QSM may see. */
export const standardCloseCodes: readonly CloseCode[] = Object.freeze([
  close(1000, 'normal', 'Closed in order.', 'Connects again, unless it closed the socket itself.'),
  close(1001, 'going_away', 'The server or a proxy goes away.', 'Connects again.'),
  close(1002, 'protocol_error', 'A frame broke the WebSocket protocol.', 'Stops: it is a fault of the client.'),
  close(1003, 'unsupported_data', 'A kind of frame that is not taken.', 'Stops: it is a fault of the client.'),
  close(1005, 'no_status', 'Closed without a code.', 'Connects again.'),
  close(1006, 'abnormal', 'The connection broke.', 'Connects again.'),
  close(1007, 'invalid_payload', 'A text frame was not UTF-8.', 'Stops: it is a fault of the client.'),
  close(1008, 'policy_violation', 'A proxy does not let this through.', 'Stops.'),
  close(1009, 'too_big', 'A frame over 4 194 304 bytes.', 'Stops: the same frame would be refused again.'),
  close(1011, 'internal', 'Something failed on the server.', 'Connects again, waiting longer each time.'),
  close(1012, 'restart', 'The server restarts.', 'Connects again after a random wait.'),
  close(1013, 'try_again_later', 'The server has too much to do.', 'Connects again, waiting longer each time.'),
  close(1014, 'bad_gateway', 'A proxy did not reach the server.', 'Connects again, waiting longer each time.'),
  close(1015, 'tls', 'The TLS handshake failed.', 'Connects again, waiting longer each time.'),
])

/** Standard codes that a client brought upon itself: connecting again would end the same way. */
const ownFaults: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010])

/** Whether a client connects again after this code. */
export const reconnectsAfter = (code: number): boolean => code < 4500 && !ownFaults.has(code)

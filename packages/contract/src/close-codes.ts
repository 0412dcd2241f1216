/**
 * Why a socket was closed. The range tells the client what to do without a table: 4000–4499 connect again (with jitter,
 * not before the hint), 4500–4999 stop and tell the user.
 */
export interface CloseCode {
  readonly code: number
  readonly reason: string
  readonly meaning: string
}

const close = (code: number, reason: string, meaning: string): CloseCode => Object.freeze({ code, reason, meaning })

export const closeCodes = Object.freeze({
  draining: close(4001, 'draining', 'This server stops; another one takes you.'),
  unavailable: close(4002, 'unavailable', 'A part that this needs is away for a while.'),
  slowConsumer: close(4008, 'slow_consumer', 'Too much was unacknowledged or unread for too long; nothing is lost.'),
  tooFast: close(4029, 'too_fast', 'Too many frames came in a second.'),
  badFrame: close(4500, 'bad_frame', 'A frame was not understood; the message before this code says which.'),
  sessionEnded: close(4503, 'session_ended', 'The login session is over: log in again.'),
  displaced: close(4509, 'displaced', 'Another socket of this device was opened.'),
  deviceRemoved: close(4510, 'device_removed', 'The device was removed from the account.'),
  tokenExpired: close(4011, 'token_expired', 'The access token is over: refresh it and connect again.'),
})

export type CloseCodeName = keyof typeof closeCodes

/** Whether a client connects again after this code. RFC 6455 codes (1000–1015) are network matters, so it does. */
export const reconnectsAfter = (code: number): boolean => code < 4500

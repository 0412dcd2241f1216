/**
 * The error catalogue: one entry for each code that a client can meet. The public text may be replaced by a more exact
 * one that names the field and the limit; it never holds a secret or another user's data.
 */
export interface ErrorEntry {
  readonly status: number
  readonly retryable: boolean
  readonly message: string
}

const entry = (status: number, message: string, retryable = false): ErrorEntry =>
  Object.freeze({ status, retryable, message })

export const errorCatalogue = Object.freeze({
  bad_request: entry(400, 'The request is malformed.'),
  malformed_json: entry(400, 'The body is not well-formed JSON.'),
  validation_failed: entry(400, 'A field of the request does not fit.'),
  unauthorized: entry(401, 'A valid access token is needed: log in, or refresh the token.'),
  invalid_credentials: entry(401, 'Unknown user or wrong password.'),
  invalid_refresh_token: entry(401, 'The refresh token is unknown, used or expired: log in again.'),
  forbidden: entry(403, 'This is not yours to do.'),
  device_required: entry(403, 'This login session is bound to no device: POST /api/devices with a freshly signed record.'),
  not_connected: entry(403, 'There is no connection with this user: send a request, or start by prekeys.'),
  not_answered: entry(403, 'This user has not answered yet, and 20 envelopes wait: try again after an answer.'),
  blocked: entry(403, 'This user does not take messages from you.'),
  not_found: entry(404, 'There is no such thing here.'),
  method_not_allowed: entry(405, 'This path does not take this method.'),
  conflict: entry(409, 'The present state does not allow this.'),
  username_taken: entry(409, 'This username is taken: choose another.'),
  weak_password: entry(400, 'This password is among the first that guessing programs try: choose another.'),
  already_answered: entry(409, 'This request was answered before.'),
  idempotency_conflict: entry(409, 'This id was used before with another body: draw a new id.'),
  device_mismatch: entry(409, 'The envelopes do not fit the devices: add the missing, leave out the extra ones.'),
  device_id_taken: entry(409, 'This device id is in use with another key: draw a new one.'),
  prekey_conflict: entry(409, 'A prekey id was used before with other bytes: draw a new one.'),
  body_too_large: entry(413, 'The body is over the limit.'),
  unsupported_media_type: entry(415, 'The content type is not one this route takes.'),
  record_refused: entry(422, 'The record or its signature was refused.'),
  envelope_refused: entry(422, 'The envelope was refused.'),
  rate_limited: entry(429, 'Too many requests: wait as long as Retry-After says.', true),
  internal: entry(500, 'Something failed here. Nothing of it was your fault; try again later.', true),
  unavailable: entry(503, 'A part that this needs is not there now: try again as Retry-After says.', true),
  not_implemented: entry(503, 'This part is not in this version yet.'),
  draining: entry(503, 'This server is stopping: connect again.', true),
} as const)

export type ErrorCode = keyof typeof errorCatalogue

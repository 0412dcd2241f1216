/**
 * The error catalogue: one entry for each code that a client can meet. The public text may be replaced by a more exact
 * one that names the field and the limit; it never holds a secret or another user's data.
 */
export interface ErrorEntry {
  readonly status: number
  /** The same request may succeed later without a change. */
  readonly retryable: boolean
  /** What the client reads. */
  readonly message: string
  /** When this code comes, for the reference. */
  readonly when: string
}

const entry = (status: number, message: string, when: string, retryable = false): ErrorEntry =>
  Object.freeze({ status, retryable, message, when })

const bad = {
  bad_request: entry(
    400,
    'The request is malformed.',
    'Broken HTTP, percent-encoding or UTF-8, a body nested deeper than 32 levels, a field named twice or like a prototype, a token in the URL.',
  ),
  malformed_json: entry(400, 'The body is not well-formed JSON.', 'The body does not parse.'),
  validation_failed: entry(
    400,
    'A field of the request does not fit.',
    'A field is missing, unknown or over its limit; `field` says which.',
  ),
  weak_password: entry(
    400,
    'This password is among the first that guessing programs try: choose another.',
    'Registering or changing the password in production.',
  ),
  request_timeout: entry(
    408,
    'The request was not complete within its time: send it again.',
    'Headers or body came too slowly.',
    true,
  ),
  body_too_large: entry(
    413,
    'The body is over the limit.',
    'A body over 262 144 bytes, or over what the route says; refused before it is kept.',
  ),
  unsupported_media_type: entry(
    415,
    'The content type is not one this route takes.',
    'Anything but JSON in UTF-8 (or a form at login), or a compressed body.',
  ),
  upgrade_required: entry(426, 'This path is a WebSocket: connect with an upgrade.', 'A plain GET of `/ws`.'),
  headers_too_large: entry(
    431,
    'The request line and headers are over the limit of 16384 bytes.',
    'A URL or headers over the limit.',
  ),
}

const refused = {
  unauthorized: entry(
    401,
    'A valid access token is needed: log in, or refresh the token.',
    'No token, or one that is forged, expired or of an ended login session.',
  ),
  invalid_credentials: entry(401, 'Unknown user or wrong password.', 'Logging in, or changing the password.'),
  invalid_refresh_token: entry(
    401,
    'The refresh token is unknown, used or expired: log in again.',
    'Refreshing. A used token that comes again also ends its login session.',
  ),
  forbidden: entry(403, 'This is not yours to do.', "Another user's name, device or key stands in the request."),
  device_required: entry(
    403,
    'This login session is bound to no device: POST /api/devices with a freshly signed record.',
    'What only a device may do, from a session that is bound to none.',
  ),
  not_connected: entry(
    403,
    'There is no connection with this user: send a request, or start by prekeys.',
    'Sending to someone without a connection that is open or started by the caller.',
  ),
  not_answered: entry(
    403,
    'This user has not answered yet, and 20 envelopes wait: try again after an answer.',
    'Sending the 21st envelope to a device before its user has sent or accepted.',
  ),
  blocked: entry(403, 'This user does not take messages from you.', 'Requesting, starting or sending after a block.'),
}

const absent = {
  not_found: entry(404, 'There is no such thing here.', "What is absent, and what is another user's alike."),
  method_not_allowed: entry(
    405,
    'This path does not take this method.',
    'The path has other methods; the header `Allow` lists them.',
  ),
}

const conflicts = {
  conflict: entry(409, 'The present state does not allow this.', 'The text says what stands in the way.'),
  username_taken: entry(409, 'This username is taken: choose another.', 'Registering; case does not count.'),
  already_answered: entry(409, 'This request was answered before.', 'Another answer than the first to a request.'),
  idempotency_conflict: entry(
    409,
    'This id was used before with another body: draw a new id.',
    'Sending with a `client_message_id` of this device that is taken.',
  ),
  device_mismatch: entry(
    409,
    'The envelopes do not fit the devices: add the missing, leave out the extra ones.',
    'Sending; nothing was stored. `missing` and `extra` list user and device ids.',
  ),
  device_id_taken: entry(
    409,
    'This device id is in use with another key: draw a new one.',
    'Registering a device under an id that this user has used.',
  ),
  prekey_conflict: entry(
    409,
    'A prekey id was used before with other bytes: draw a new one.',
    'Uploading prekeys; none of them was stored.',
  ),
}

const cryptographic = {
  record_refused: entry(
    422,
    'The record or its signature was refused.',
    'A device record, prekey or handshake that does not verify, is too old or carries an invalid key.',
  ),
  envelope_refused: entry(
    422,
    'The envelope was refused.',
    'Any cryptographic or replay fault of an envelope; deliberately one code for all.',
  ),
  key_refused: entry(
    422,
    'The public key was refused: it is all zero, not reduced or not on its curve.',
    'A public key for the quantum service that has the right length and is still invalid.',
  ),
  decryption_failed: entry(
    422,
    'The ciphertext does not open with this secret, nonce, tag and additional data.',
    'Decrypting by the quantum service.',
  ),
}

const later = {
  rate_limited: entry(
    429,
    'Too many requests: wait as long as Retry-After says.',
    'A limit for each account, address or target; the header `Retry-After` gives the seconds.',
    true,
  ),
  internal: entry(
    500,
    'Something failed here. Nothing of it was your fault; try again later.',
    'A fault of the server; the log has it under the `request_id`.',
    true,
  ),
  unavailable: entry(
    503,
    'A part that this needs is not there now: try again as Retry-After says.',
    'The database or another service is away or full; nothing was stored.',
    true,
  ),
  draining: entry(503, 'This server is stopping: connect again.', 'During an orderly stop.', true),
}

export const errorCatalogue = Object.freeze({ ...bad, ...refused, ...absent, ...conflicts, ...cryptographic, ...later })

export type ErrorCode = keyof typeof errorCatalogue
export const errorCodes = Object.freeze(Object.keys(errorCatalogue) as ErrorCode[])

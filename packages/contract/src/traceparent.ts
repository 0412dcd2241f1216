/** W3C Trace Context section 3.2, version 00: trace id, span id and flags in lower-case hex, 55 characters. */
export const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

import type { Output } from '../output.js'

/** What was found of one part, or how one step went. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  /** What was seen; of a failure also what to do. */
  readonly detail: string
}

/** Says a finding as a line; with `durationMs` also how long it took, in whole ms. */
export const sayFinding = ({ say }: Output, { name, ok, detail }: Finding, durationMs?: number): Promise<void> => {
  const ms = durationMs === undefined ? null : Math.round(durationMs)
  const text = `${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(20)} ${detail}${ms === null ? '' : ` (${ms} ms)`}`
  return say(text, { name, ok, detail, ...(ms === null ? {} : { duration_ms: ms }) })
}

/** The code of why a request or a connection failed, such as `ECONNREFUSED`; null where there is none. */
export const codeOf = (error: unknown): string | null => {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown }
  // fetch wraps the reason; its own errors (a timeout) have a number.
  return typeof code === 'string' ? code : cause === undefined ? null : codeOf(cause)
}

/** What to do about a certificate that is not trusted here; null for other failures. */
export const untrustedCertificate = (url: string, code: string | null): string | null =>
  code !== null && /CERT|ISSUER|LEAF_SIGNATURE/.test(code)
    ? `the certificate of ${url} is not trusted here (${code}): name the file of its CA in NODE_EXTRA_CA_CERTS, or see its names and dates`
    : null

/** What `qsm-server doctor` says of one part. */
export interface Finding {
  readonly name: string
  readonly state: 'ok' | 'FAIL' | 'not run'
  /** What was seen, and what to do where that is not right. */
  readonly detail: string
}

export const ok = (name: string, detail: string): Finding => ({ name, state: 'ok', detail })
export const fail = (name: string, detail: string): Finding => ({ name, state: 'FAIL', detail })
export const notRun = (name: string, detail: string): Finding => ({ name, state: 'not run', detail })

/** The innermost reason of an error: `fetch` says only that it failed. */
export const reasonOf = (error: unknown): string => {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown }
  if (cause !== undefined) return reasonOf(cause)
  if (code && /^(EPROTO|ERR_SSL)/.test(code)) return `what answers there does not speak TLS, or another one: ${code}`
  return message || code || String(error)
}

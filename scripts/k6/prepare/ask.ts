import { setTimeout as sleep } from 'node:timers/promises'

/** How often one request is made while the target asks to wait. */
const maxTries = 20

/**
 * One request to the target; its JSON, or nothing. What is answered with 429 or 503 is tried again after the wait that the
 * answer names. Throws what was answered otherwise, without what was sent.
 */
export const ask = async (
  url: string,
  method: string,
  path: string,
  options: { readonly body?: object; readonly token?: string } = {},
): Promise<Record<string, string>> => {
  for (let tried = 1; ; tried += 1) {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(options.body ? { 'Content-Type': 'application/json' } : {}),
        ...(options.token ? { Authorization: `Bearer ${options.token}` } : {}),
      },
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    })
    const text = await response.text()
    if (response.ok) return text === '' ? {} : JSON.parse(text)
    if (![429, 503].includes(response.status) || tried === maxTries) {
      throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`)
    }
    await sleep(1_000 * Number(response.headers.get('retry-after') ?? 1))
  }
}

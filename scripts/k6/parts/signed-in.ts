import http from 'k6/http'
import type { Person } from '../prepared.js'
import { baseUrl } from './settings.js'

/** An access token is replaced when it lives no longer than this, or than a third of its life. */
const maxMarginMs = 120_000

export interface SignedIn {
  /** Headers for a request or an upgrade, with a token that still lives. */
  headers(): Promise<Record<string, string>>
}

/** A prepared person; one virtual user alone uses it, since a refresh token is good for one use. */
export const signedIn = (person: Person): SignedIn => {
  let { accessToken, refreshToken, expiresAt } = person
  let refreshing: Promise<void> | null = null
  const marginMs = Math.min(maxMarginMs, (expiresAt - Date.now()) / 3)
  const refresh = async () => {
    const body = JSON.stringify({ refresh_token: refreshToken })
    const response = await http.asyncRequest('POST', `${baseUrl}/api/token/refresh`, body, {
      headers: { 'Content-Type': 'application/json' },
      tags: { name: 'refresh' },
    })
    if (response.status !== 200) throw new Error(`the token of a person was not refreshed: ${response.status}`)
    const answer = response.json() as { access_token: string; refresh_token: string; expires_in: number }
    accessToken = answer.access_token
    refreshToken = answer.refresh_token
    expiresAt = Date.now() + answer.expires_in * 1_000
  }
  return {
    async headers() {
      if (refreshToken && expiresAt - Date.now() < marginMs) {
        refreshing ??= refresh().finally(() => {
          refreshing = null
        })
        await refreshing
      }
      return { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json' }
    },
  }
}

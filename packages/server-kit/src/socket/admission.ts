import type { IncomingMessage } from 'node:http'
import { QsmError } from '../errors/qsm-error.js'
import { networkOf } from '../limits/network-of.js'

/** How many sockets one process takes. What is over is refused while it is still an HTTP request. */
export interface SocketLimits {
  readonly maxSockets: number
  /** Of one IPv4 address, or of one IPv6 network of 64 bits. */
  readonly maxSocketsPerAddress: number
  readonly maxSocketsPerUser: number
  /** Upgrades that are judged at one time: after an outage all come back together. */
  readonly maxUpgradesAtOnce: number
}

/** A place that an upgrade and then its socket takes. */
export interface Place {
  /** Who it is, once that is known. Throws `rate_limited` where this user has as many sockets as one may. */
  belongsTo(userId: string): void
  /** The upgrade is judged; the place is held until the connection ends. */
  judged(): void
}

export interface Admission {
  /** Throws `unavailable` where the process is full or busy, `rate_limited` where the address has as many as it may. */
  enter(request: IncomingMessage): Place
}

const fullSeconds = 5
const busySeconds = 1
/** Over a limit of its own it helps nobody to come back soon. */
const ownLimitSeconds = 30

const createCounts = () => {
  const counts = new Map<string, number>()
  return {
    of: (key: string) => counts.get(key) ?? 0,
    /** Returns the function that takes it back. */
    add(key: string): () => void {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return () => {
        const left = (counts.get(key) ?? 1) - 1
        if (left > 0) counts.set(key, left)
        else counts.delete(key)
      }
    },
  }
}

/** The address of the client; behind a proxy that is trusted the last one of X-Forwarded-For, which that proxy has added. */
const addressOf = (request: IncomingMessage, trustProxy: boolean): string => {
  const forwarded = trustProxy
    ? String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim()
    : ''
  return networkOf(forwarded || (request.socket.remoteAddress ?? ''))
}

/** Counts the places of one process; each is given back when its connection ends, whatever becomes of it. */
export const createAdmission = (limits: SocketLimits, trustProxy: boolean): Admission => {
  const ofAddress = createCounts()
  const ofUser = createCounts()
  let taken = 0
  let judging = 0

  const check = (address: string): void => {
    if (taken >= limits.maxSockets) {
      const text = `This server holds as many sockets as it may (${limits.maxSockets}): another one may take you.`
      throw new QsmError('unavailable', text, { retryAfterSeconds: fullSeconds })
    }
    if (judging >= limits.maxUpgradesAtOnce) {
      const text = `This server lets in as many sockets at once as it can (${limits.maxUpgradesAtOnce}).`
      throw new QsmError('unavailable', text, { retryAfterSeconds: busySeconds })
    }
    if (ofAddress.of(address) >= limits.maxSocketsPerAddress) {
      const text = `Your address holds as many sockets as one address may (${limits.maxSocketsPerAddress}): close some.`
      throw new QsmError('rate_limited', text, { retryAfterSeconds: ownLimitSeconds })
    }
  }
  return {
    enter(request) {
      const address = addressOf(request, trustProxy)
      check(address)
      const giveBack = [ofAddress.add(address)]
      taken += 1
      judging += 1
      let isJudged = false
      const judged = () => {
        if (!isJudged) judging -= 1
        isJudged = true
      }
      let isOver = false
      request.socket.once('close', () => {
        isOver = true
        taken -= 1
        judged()
        for (const give of giveBack) give()
      })
      return {
        belongsTo(userId) {
          if (isOver) return
          if (ofUser.of(userId) >= limits.maxSocketsPerUser) {
            const text = `You hold as many sockets as one user may (${limits.maxSocketsPerUser}): close some.`
            throw new QsmError('rate_limited', text, { retryAfterSeconds: ownLimitSeconds })
          }
          giveBack.push(ofUser.add(userId))
        },
        judged,
      }
    },
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { checkHistory, type Verdict } from '../../tests/history/checker.js'
import type { Replicas } from '../../tests/support/replicas.js'
import type { Talk } from './people.js'
import { readStored } from './stored.js'

/** What has not come by then is lost. */
const healMs = 60_000
/** For what would come twice. */
const restMs = 500

export interface Judgement {
  readonly verdict: Verdict
  /** How many messages were acknowledged. */
  readonly acknowledged: number
}

/**
 * Ends the sending, waits for what is under way, for `patienceMs` at most, and holds what people wrote down against the
 * promises and the database.
 */
export const judge = async (talk: Talk, database: Pick<Replicas, 'sql'>, patienceMs = healMs): Promise<Judgement> => {
  await talk.stop()
  for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(250)) {
    if (checkHistory(talk.history).lost.length === 0) break
  }
  await sleep(restMs)
  return {
    verdict: checkHistory(talk.history, await readStored(database, talk.startedAt)),
    acknowledged: talk.history.filter(({ type }) => type === 'acknowledged').length,
  }
}

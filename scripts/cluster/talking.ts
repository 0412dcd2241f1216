import { faultKinds } from '../../tests/history/checker.js'
import { judge } from '../faults/judge.js'
import { startTalk, type Talk } from '../faults/people.js'
import { sql } from './dependencies.js'
import type { Disturbance } from './disturbances.js'
import { type Proof, timed } from './proof.js'
import { history } from './report.js'

const people = Number(process.env.QSM_PROOF_PEOPLE ?? 10)
const perSecond = 50

export const startTalking = ({ host }: Proof, count = people): Promise<Talk> =>
  startTalk(`https://${host}`, count, perSecond)

/** Ends a talk and holds what people wrote down against the promises. Throws where one is broken. */
const endTalk = async (name: string, talk: Talk, ms: number): Promise<string> => {
  const { verdict, acknowledged } = await judge(talk, { sql })
  await talk.close()
  const counts = faultKinds.map(kind => verdict[kind].length)
  history({ name, seconds: ms / 1_000, acknowledged, counts })
  const givenUp = talk.history.filter(({ type }) => type === 'given-up').length
  const broken = faultKinds.filter(kind => verdict[kind].length > 0)
  if (acknowledged === 0) throw new Error('nothing was acknowledged')
  if (broken.length > 0) {
    throw new Error(broken.map(kind => `${kind}: ${verdict[kind].slice(0, 3).join('; ')}`).join(' - '))
  }
  return `${acknowledged} acknowledged, ${givenUp} given up; nothing lost, doubled or reordered`
}

/** People talk through the ingress while the cluster does something to the release. */
export const whilePeopleTalk = async (proof: Proof, { name, act }: Disturbance): Promise<string> => {
  const talk = await startTalking(proof)
  let ms = 0
  try {
    ms = await timed(() => act(proof))
  } catch (error) {
    await talk.stop()
    await talk.close()
    throw error
  }
  return endTalk(name, talk, ms)
}

import { Agent } from 'node:http'
import type { RunningQsm } from '../../qsm-server.js'
import { sendOn } from '../../thin/post.js'
import type { ThinPerson } from '../../thin/thin-people.js'

/** Signatures by the quantum service, of people who take turns. */
export interface Signing {
  sign(index: number): Promise<void>
  /** Signatures a second that all callers reach for so long, one call of each in flight. */
  ceiling(milliseconds: number): Promise<number>
  close(): void
}

export const openSigning = (qsm: RunningQsm, people: readonly ThinPerson[]): Signing => {
  const agent = new Agent({ keepAlive: true, maxSockets: people.length })
  const url = `${qsm.quantumUrl}/api/quantum/wrap_sign`
  const sign = async (index: number): Promise<void> => {
    const { token, username } = people[index % people.length] as ThinPerson
    const { falcon_signature } = await sendOn(agent, { url, token, body: { message: 'a line', user_id: username } })
    if (typeof falcon_signature !== 'string') throw new Error(`${url}: a wrong answer`)
  }
  return {
    sign,
    async ceiling(milliseconds) {
      const begunMs = performance.now()
      let done = 0
      await Promise.all(
        people.map(async (_, index) => {
          while (performance.now() < begunMs + milliseconds) {
            await sign(index)
            done += 1
          }
        }),
      )
      return (done * 1_000) / (performance.now() - begunMs)
    },
    close: () => agent.destroy(),
  }
}

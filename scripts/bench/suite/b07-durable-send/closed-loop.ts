import { Agent, request } from 'node:http'
import type { PreparedSend } from '../../people.js'

const post = (agent: Agent, url: URL, token: string, json: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(json),
      authorization: `Bearer ${token}`,
    }
    const sending = request(url, { method: 'POST', agent, headers }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part as Buffer))
      response.once('end', () => {
        if (response.statusCode === 201) resolve()
        else reject(new Error(`${response.statusCode}: ${Buffer.concat(parts).toString('utf8').slice(0, 300)}`))
      })
    })
    sending.once('error', reject)
    sending.end(json)
  })

/** One caller for each sender, each waiting for its answer before its next. */
export const sendEach = async (
  sends: readonly PreparedSend[],
  sendOne: (send: PreparedSend) => Promise<void>,
): Promise<void> => {
  const bySender = new Map<number, PreparedSend[]>()
  for (const send of sends) bySender.set(send.sender, [...(bySender.get(send.sender) ?? []), send])
  await Promise.all(
    [...bySender.values()].map(async own => {
      for (const send of own) await sendOne(send)
    }),
  )
}

/** Sends everything by POST, each sender over a connection of its own. */
export const postAll = async (
  address: string,
  tokens: readonly string[],
  sends: readonly PreparedSend[],
): Promise<void> => {
  const url = new URL(address)
  // Fresh connections for each round: a server may have closed idle ones in between.
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length })
  await sendEach(sends, ({ sender, json }) => post(agent, url, tokens[sender] ?? '', json))
  agent.destroy()
}

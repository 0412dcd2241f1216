import { Agent, request } from 'node:http'
import type { PreparedSend } from './people.js'

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

/** Sends everything with one caller for each sender, each waiting for its answer; seconds that it took. */
export const sendAll = async (
  address: string,
  tokens: readonly string[],
  sends: readonly PreparedSend[],
): Promise<number> => {
  const url = new URL(address)
  // Fresh connections for each round: a server may have closed idle ones in between.
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length })
  const begun = performance.now()
  await Promise.all(
    tokens.map(async (token, index) => {
      for (const { json } of sends.filter(send => send.sender === index)) await post(agent, url, token, json)
    }),
  )
  agent.destroy()
  return (performance.now() - begun) / 1000
}

import { Agent, request } from 'node:http'

export interface Post {
  readonly url: string
  readonly token?: string
  readonly body?: unknown
  readonly method?: 'GET'
}

/** One call over kept connections; the parsed answer. Throws for any other status than success. */
export const sendOn = (agent: Agent, { url, token, body, method }: Post): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const sending = request(url, { method: method ?? 'POST', agent, headers }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part as Buffer))
      response.once('end', () => {
        const answer = Buffer.concat(parts).toString('utf8')
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(answer))
        else reject(new Error(`${url}: ${response.statusCode} ${answer.slice(0, 300)}`))
      })
    })
    sending.once('error', reject)
    sending.end(text)
  })

/** One call; the parsed answer. Throws for any other status than success. */
export const call = (post: Post): Promise<Record<string, unknown>> => sendOn(new Agent(), post)

/** Each list by a caller of its own, one call after the other, all callers at once. Throws where `isRight` says no to an answer. */
export const callAll = async (
  lists: readonly (readonly Post[])[],
  isRight: (answer: Record<string, unknown>) => boolean,
): Promise<void> => {
  const agent = new Agent({ keepAlive: true, maxSockets: lists.length })
  try {
    await Promise.all(
      lists.map(async posts => {
        for (const post of posts) {
          const answer = await sendOn(agent, post)
          if (!isRight(answer)) throw new Error(`${post.url}: a wrong answer`)
        }
      }),
    )
  } finally {
    agent.destroy()
  }
}

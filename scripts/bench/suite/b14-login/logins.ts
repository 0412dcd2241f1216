import { Agent, request } from 'node:http'

/** Logins one after the other over several connections. */
export interface Logins {
  /** Ends the load; resolves with how many there were. Throws where one was answered by more than a plea to wait. */
  stop(): Promise<number>
}

const password = 'correct horse battery'

/** Resolves with the status. Throws for every other than success, and 503, by which a busy server asks to wait. */
const post = (agent: Agent | undefined, url: URL, given: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify(given)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sending = request(url, { method: 'POST', agent, headers }, response => {
      let answer = ''
      response.on('data', part => {
        answer += String(part)
      })
      response.once('end', () => {
        const status = response.statusCode ?? 0
        if ([200, 201, 503].includes(status)) resolve(status)
        else reject(new Error(`${url.pathname} was answered with ${status}: ${answer.slice(0, 200)}`))
      })
    })
    sending.once('error', reject)
    sending.end(body)
  })

/** Registers so many people who do nothing but log in; their names. */
export const registerAll = async (url: string, count: number): Promise<readonly string[]> => {
  const usernames = Array.from({ length: count }, (_, index) => `login-${index}`)
  for (const username of usernames) {
    await post(undefined, new URL('/api/register', url), { username, email: `${username}@example.org`, password })
  }
  return usernames
}

/** As many logins as the server takes, by these people, each over a connection of its own. */
export const keepLoggingIn = (url: string, usernames: readonly string[]): Logins => {
  const agent = new Agent({ keepAlive: true, maxSockets: usernames.length })
  let stopped = false
  let count = 0
  const each = async (username: string) => {
    while (!stopped) {
      if ((await post(agent, new URL('/api/login', url), { username, password })) === 200) count += 1
    }
  }
  const all = Promise.all(usernames.map(each))
  all.catch(() => undefined) // It is awaited at the end.
  return {
    async stop() {
      stopped = true
      await all
      agent.destroy()
      return count
    },
  }
}

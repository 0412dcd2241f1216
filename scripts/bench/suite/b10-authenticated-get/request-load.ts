import { spawn, spawnSync } from 'node:child_process'
import { Agent, request } from 'node:http'

export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const connections = 48

/** Whether wrk is here: then the load comes from a program that is not Node. */
const hasWrk = (): boolean => spawnSync('wrk', ['--version']).error === undefined

const byWrk = ({ url, headers }: Target, seconds: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const program = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, ...given, url])
    let said = ''
    program.stdout.on('data', data => {
      said += String(data)
    })
    program.once('error', reject)
    program.once('close', () => {
      const count = Number(/(\d+) requests in/.exec(said)?.[1])
      const trouble = /Non-2xx.*|Socket errors.*/.exec(said)?.[0]
      if (trouble !== undefined || !(count > 0)) reject(new Error(trouble ?? `wrk said: ${said}`))
      else resolve(count)
    })
  })

const getOnce = (agent: Agent, { url, headers }: Target): Promise<void> =>
  new Promise((resolve, reject) => {
    const sending = request(url, { agent, headers }, response => {
      response.resume()
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      )
    })
    sending.once('error', reject)
    sending.end()
  })

const byNode = async (target: Target, seconds: number): Promise<number> => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const until = performance.now() + seconds * 1_000
  let count = 0
  const ask = async () => {
    for (; performance.now() < until; count += 1) await getOnce(agent, target)
  }
  await Promise.all(Array.from({ length: connections }, ask))
  agent.destroy()
  return count
}

/** Keeps 48 connections busy, one request at a time each; how many requests were answered. Rejects where an answer is no 2xx. */
export const requestsWithin = (target: Target, seconds: number): Promise<number> =>
  hasWrk() ? byWrk(target, seconds) : byNode(target, seconds)

/** Asks once. Throws unless the answer is 200 with exactly this JSON. */
export const probe = async ({ url, headers }: Target, isRight: (body: string) => boolean): Promise<void> => {
  const response = await fetch(url, { headers })
  const body = await response.text()
  if (response.status !== 200 || !isRight(body)) throw new Error(`wrong answer: ${response.status} ${body}`)
}

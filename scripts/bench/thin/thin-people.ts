import type { RunningQsm } from '../qsm-server.js'
import { call } from './post.js'

/** Somebody with nothing but HTTP: a login session that is bound to no device, and REST keys. */
export interface ThinPerson {
  readonly username: string
  readonly token: string
  /** The other one of the pair. */
  readonly peer: string
  /** As `keygen` has told them. */
  readonly publicKeys: Readonly<Record<string, string>>
}

const password = 'correct horse battery'

const makeOne = async (
  { url, quantumUrl }: RunningQsm,
  username: string,
): Promise<Pick<ThinPerson, 'token' | 'publicKeys'>> => {
  await call({ url: `${url}/api/register`, body: { username, email: `${username}@example.org`, password } })
  const token = String((await call({ url: `${url}/api/login`, body: { username, password } })).access_token)
  const body = { user_id: username, key_type: 'all' }
  const { public_keys } = await call({ url: `${quantumUrl}/api/quantum/keygen`, token, body })
  return { token, publicKeys: public_keys as ThinPerson['publicKeys'] }
}

/** Pairs of people who are connected; each has sent one message, so that sessions stand. */
export const makeThinPeople = async (qsm: RunningQsm, count: number): Promise<readonly ThinPerson[]> => {
  const people: ThinPerson[] = []
  for (let index = 0; index < count; index += 2) {
    const names = [`thin-${index}`, `thin-${index + 1}`] as const
    const [first, second] = [await makeOne(qsm, names[0]), await makeOne(qsm, names[1])] as const
    const asked = await call({
      url: `${qsm.url}/api/connection/request`,
      token: first.token,
      body: { receiver_username: names[1] },
    })
    await call({
      url: `${qsm.url}/api/connection/respond`,
      token: second.token,
      body: { request_id: asked.request_id, accept: true },
    })
    const pair = [
      { ...first, username: names[0], peer: names[1] },
      { ...second, username: names[1], peer: names[0] },
    ]
    for (const { token, peer } of pair) {
      await call({ url: `${qsm.url}/api/message/send`, token, body: { content: 'hello', recipient: peer } })
    }
    people.push(...pair)
  }
  return people
}

import { type BenchPerson, connect, loadAlgorithms, makePerson, prepareSends } from '../../people.js'

/** Sealed sends of the next round, those of all people in turn. */
export type SealSends = () => Promise<readonly { readonly token: string; readonly json: string }[]>

/** `count` people in a ring on a server; each round seals `perPerson` messages of each for the next. */
export const makeSenders = async (url: string, count: number, perPerson: number): Promise<SealSends> => {
  const algorithms = await loadAlgorithms()
  const people: BenchPerson[] = []
  for (let index = 0; index < count; index += 1) people.push(await makePerson(url, algorithms, `sender-${index}`))
  const at = (index: number) => people[index % count] as BenchPerson
  const sessions: Awaited<ReturnType<typeof connect>>[] = []
  for (let index = 0; index < count; index += 1) sessions.push(await connect(url, algorithms, at(index + 1), at(index)))
  return async () => {
    const bySender: { token: string; json: string }[][] = []
    for (let index = 0; index < count; index += 1) {
      const begin = sessions[index] as (typeof sessions)[number]
      const { sends, session } = await prepareSends(algorithms, at(index), index, at(index + 1), begin, perPerson)
      sessions[index] = session
      bySender.push(sends.map(({ json }) => ({ token: at(index).token, json })))
    }
    return Array.from({ length: perPerson }, (_, number) => bySender.flatMap(own => own[number] ?? [])).flat()
  }
}

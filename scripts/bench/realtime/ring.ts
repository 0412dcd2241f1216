import WebSocket from 'ws'
import { type BenchPerson, connect, loadAlgorithms, makePerson, type PreparedSend, prepareSends } from '../people.js'

type Session = Awaited<ReturnType<typeof connect>>

/** People in a ring, each with an open socket, each sending to the next. */
export interface Ring {
  /** Seals `perPerson` messages of each; sealing is never measured. */
  seal(perPerson: number): Promise<void>
  /** All at one rate in all; resolves with milliseconds from when each was due until the receiver had it. */
  paced(perSecond: number): Promise<readonly number[]>
  /** Each as fast as the one before was delivered; resolves with messages a second. */
  closedLoop(): Promise<number>
  close(): void
}

interface Seat {
  readonly person: BenchPerson
  readonly socket: WebSocket
  session: Session
  sends: PreparedSend[]
  /** Called for each message that comes in. */
  onDelivery: () => void
}

const openSocket = (url: string, token: string, onDelivery: () => void, onError: (error: Error) => void) =>
  new Promise<WebSocket>((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
    let last = 0
    let scheduled = false
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        const frame = JSON.parse(String(data)) as { type: string }
        if (frame.type === 'error') onError(new Error(String(data).slice(0, 300)))
        return resolve(socket)
      }
      const sequence = Number((data as Buffer).readBigUInt64BE(1))
      if (last > 0 && sequence !== last + 1) onError(new Error(`entry ${sequence} came after ${last}`))
      last = sequence
      onDelivery()
      if (scheduled) return
      scheduled = true
      setImmediate(() => {
        scheduled = false
        socket.send(JSON.stringify({ type: 'ack', up_to: last }))
      })
    })
    socket.once('error', reject)
    // After the end of the ring nobody waits for this any more.
    socket.once('close', code => onError(new Error(`a socket of the ring was closed with ${code}`)))
  })

/** `sockets` are the addresses of the pods; neighbours of the ring sit on different ones. */
export const makeRing = async (url: string, sockets: readonly string[], count: number, name: string): Promise<Ring> => {
  const algorithms = await loadAlgorithms()
  const people: BenchPerson[] = []
  for (let at = 0; at < count; at += 1) people.push(await makePerson(url, algorithms, `${name}-${at}`))
  const person = (at: number) => people[at % count] as BenchPerson
  let fail = (_error: Error) => {}
  const seats: Seat[] = []
  for (let at = 0; at < count; at += 1) {
    const session = await connect(url, algorithms, person(at + 1), person(at))
    const podUrl = sockets[at % sockets.length] ?? url
    const seat: { onDelivery: () => void } = { onDelivery: () => {} }
    const socket = await openSocket(
      podUrl,
      person(at).token,
      () => seat.onDelivery(),
      error => fail(error),
    )
    seats.push(Object.assign(seat, { person: person(at), socket, session, sends: [] as PreparedSend[] }) as Seat)
  }
  const receiverOf = (at: number) => seats[(at + 1) % count] as Seat
  const orFail = <T>(run: (done: (value: T) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      fail = reject
      run(resolve)
    })

  return {
    async seal(perPerson) {
      for (const [at, seat] of seats.entries()) {
        const made = await prepareSends(algorithms, seat.person, at, receiverOf(at).person, seat.session, perPerson)
        seat.session = made.session
        seat.sends = [...made.sends]
      }
    },
    paced: perSecond =>
      orFail<readonly number[]>(done => {
        const total = seats.reduce((sum, seat) => sum + seat.sends.length, 0)
        const latenciesMs: number[] = []
        const begun = performance.now()
        const dueOf = (number: number) => begun + (number * 1000) / perSecond
        for (const [at] of seats.entries()) {
          let next = at
          // One sender for each receiver, so deliveries come in the order of sending.
          receiverOf(at).onDelivery = () => {
            latenciesMs.push(performance.now() - dueOf(next))
            next += count
            if (latenciesMs.length === total) done(latenciesMs)
          }
        }
        let sent = 0
        const tick = setInterval(() => {
          while (sent < total && dueOf(sent) <= performance.now()) {
            const seat = seats[sent % count] as Seat
            seat.socket.send((seat.sends.shift() as PreparedSend).frame)
            sent += 1
          }
          if (sent === total) clearInterval(tick)
        }, 1)
      }),
    closedLoop: () =>
      orFail<number>(done => {
        const total = seats.reduce((sum, seat) => sum + seat.sends.length, 0)
        let delivered = 0
        const begun = performance.now()
        for (const [at, seat] of seats.entries()) {
          const sendNext = () => {
            const next = seat.sends.shift()
            if (next) seat.socket.send(next.frame)
          }
          receiverOf(at).onDelivery = () => {
            delivered += 1
            if (delivered === total) done((total * 1000) / (performance.now() - begun))
            sendNext()
          }
          sendNext()
        }
      }),
    close() {
      for (const { socket } of seats) socket.terminate()
    },
  }
}

import { Duplex } from 'node:stream'

/** A connection whose other end is in this process: what is written to it goes to `take`, and `push` is what comes in. */
export class InMemoryConnection extends Duplex {
  remoteAddress = '192.0.2.1'
  #take = () => {}

  /** Sets who gets what is written, one piece at a time. */
  onWritten(take) {
    this.#take = take
  }

  _read() {}

  _write(bytes, _encoding, done) {
    this.#take(bytes)
    done()
  }

  _writev(pieces, done) {
    for (const { chunk } of pieces) this.#take(chunk)
    done()
  }

  setTimeout() {
    return this
  }

  setNoDelay() {
    return this
  }

  setKeepAlive() {
    return this
  }
}

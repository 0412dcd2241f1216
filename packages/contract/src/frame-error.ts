/** What is wrong with a frame; the text is for the client. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  /** The part or field that does not fit. */
  readonly field: string

  constructor(message: string, field: string) {
    super(message)
    this.field = field
  }
}

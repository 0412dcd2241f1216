import { createInterface } from 'node:readline'
import { UsageError } from '../arguments.js'
import type { Command } from '../command.js'

export const send: Command = async ({ args, output, client, operand }) => {
  const username = operand('NAME')
  const text = args.operands.slice(1).join(' ')
  if (args.lines === (text !== '')) throw new UsageError('send: give TEXT, or --lines and the lines on standard input')
  const me = await client()
  await me.flush()
  if (!args.lines) {
    const { messageId } = await me.send(username, text)
    output.say(`Sent to ${username}.`, { id: messageId, to: username })
    return
  }
  let count = 0
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const { messageId } = await me.send(username, line)
    count += 1
    if (args.json) output.say('', { id: messageId, to: username, line: count })
    else if (count % 100 === 0) output.note(`${count} lines sent`)
  }
  output.note(`${count} lines sent to ${username}.`)
}

export const receive: Command = async ({ output, client }) => {
  const me = await client()
  let count = 0
  for await (const message of me.receive()) {
    await output.message(message)
    count += 1
  }
  await me.refillPrekeys()
  if (count === 0) output.note('Nothing waits.')
}

export const listen: Command = async ({ args, output, client }) => {
  const me = await client()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  me.on('request', request => output.note(`${request.from} asks for a connection: qsm accept ${request.from}`))
  me.on('session-update', update => output.note(`${update.username}: ${update.state}`))
  me.on('undecryptable', report => output.note(`An envelope could not be opened (${report.reason}); it is kept aside.`))
  me.on('error', error => output.note(error.message))
  me.on('state', (state, reason) => {
    if (state === 'open') output.note(`listening as ${me.username}`)
    if (state === 'waiting') output.note('not connected; trying again')
    if (state === 'stopped' && reason) output.note(`stopped: ${reason}`)
  })
  let count = 0
  for await (const message of me.messages({ signal: stop.signal })) {
    await output.message(message)
    count += 1
    if (count === args.count) stop.abort()
  }
}

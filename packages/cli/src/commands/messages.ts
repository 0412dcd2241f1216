import type { QsmClient } from '@qsm/client'
import { UsageError } from '../arguments.js'
import type { Command, CommandContext } from '../command.js'
import { linesOf } from '../lines.js'
import { managedMark } from '../managed.js'

/** Tells what the user should know beside the outcome of the command. */
const watch = (me: QsmClient, { warn }: CommandContext['output']): void => {
  me.on('late-outcome', ({ to, error }) => {
    if (error) warn('late_outcome', `A message to ${to} that waited could not be sent: ${error.message}`)
  })
  me.on('identity-changed', ({ username, devices }) =>
    warn(
      'identity_changed',
      `${username} has a new device or another key (device ${devices.join(', ')}): nothing is sent there until you have compared (qsm safety-number ${username}) and accepted it (qsm accept-identity ${username}).`,
    ),
  )
  me.on('undecryptable', ({ reason }) =>
    warn('undecryptable', `An envelope could not be opened (${reason}); it is kept aside.`),
  )
  me.on('session-ended', ({ username }) =>
    warn('session_ended', `${username} has ended the session; its keys are gone. Ask anew: qsm request ${username}`),
  )
  me.on('gap', ({ after, next }) =>
    warn('gap', `Messages between ${after} and ${next} of the mailbox are gone from the server.`),
  )
  me.on('mailbox-reset', () =>
    warn('mailbox_reset', 'The server counts anew, as after a restore: the mailbox is read again.'),
  )
  me.on('error', error => warn('fault', error.message))
}

const sendLines = async (context: CommandContext, me: QsmClient): Promise<void> => {
  const { args, name, output } = context
  let count = 0
  try {
    for await (const line of linesOf(process.stdin)) {
      const { messageId } = await me.send(name, line)
      count += 1
      if (args.json) await output.say('', { id: messageId, to: name, line: count })
      else if (count % 100 === 0) output.note(`${count} lines sent`)
    }
  } catch (error) {
    output.note(`${count} lines were sent to ${name}, line ${count + 1} was not.`)
    throw error
  }
  output.note(`${count} lines sent to ${name}.`)
}

export const send: Command = async context => {
  const { args, output, client, name } = context
  const text = args.operands.slice(1).join(' ')
  if (args.lines === (text !== ''))
    throw new UsageError('send: give TEXT, or --lines and the lines on standard input', 'send')
  const me = await client()
  watch(me, output)
  // To others; what waits for this receiver leaves before the new text.
  const earlier = me.flush()
  earlier.catch(() => {}) // Told below, after the outcome of the new text.
  if (args.lines) await sendLines(context, me)
  else {
    const { messageId } = await me.send(name, text)
    await output.say(`Sent to ${name}.`, { id: messageId, to: name })
  }
  await earlier
}

export const receive: Command = async ({ output, client }) => {
  const me = await client()
  watch(me, output)
  let count = 0
  // What was not printed is not done, and comes again.
  for await (const message of me.receive({ settle: 'manual' })) {
    await output.message(message)
    await message.done()
    count += 1
  }
  if (count === 0) output.note('Nothing waits.')
  await me.flush()
  await me.refillPrekeys()
}

export const listen: Command = async ({ args, output, client }) => {
  const me = await client()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  watch(me, output)
  me.on('request', ({ from, managed }) =>
    output.note(`${from}${managedMark({ managed })} asks for a connection: qsm accept ${from}, or qsm reject ${from}`),
  )
  me.on('receipt', ({ from, kind, messageIds }) =>
    output.note(`${from} has ${kind === 'read' ? 'read' : 'got'} ${messageIds.join(', ')}`),
  )
  me.on('session-update', update => output.note(`${update.username}: ${update.state}`))
  me.on('state', (state, reason) => {
    if (state === 'open') output.note(`listening as ${me.username}${reason ? ` (${reason})` : ''}`)
    if (state === 'waiting') output.note('not connected; trying again')
  })
  let count = 0
  for await (const message of me.messages({ signal: stop.signal, settle: 'manual' })) {
    await output.message(message)
    await message.done()
    count += 1
    if (count === args.count) stop.abort()
  }
}

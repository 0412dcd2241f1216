import type { Command } from '../command.js'

export const users: Command = async ({ output, client, args }) => {
  for (const user of await (await client()).users(args.operands[0] ?? '')) {
    output.say(`${user.username.padEnd(24)} ${user.status}${user.has_quantum_keys ? '' : '  (no keys yet)'}`, {
      ...user,
    })
  }
}

export const request: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  await (await client()).request(username)
  output.say(`Asked ${username}. The connection is open once ${username} has accepted.`, { requested: username })
}

export const pending: Command = async ({ output, client }) => {
  const requests = await (await client()).pending()
  if (requests.length === 0) output.note('Nobody asks.')
  for (const { sender_username: from, request_id, expires_at } of requests) {
    output.say(`${from}  until ${expires_at}`, { from, request_id, expires_at })
  }
}

export const accept: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  await (await client()).accept(username)
  output.say(`Accepted ${username}. Compare safety numbers: qsm safety-number ${username}`, { accepted: username })
}

export const reject: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  await (await client()).reject(username)
  output.say(`Rejected ${username}.`, { rejected: username })
}

export const start: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  await (await client()).start(username)
  output.say(`Started with ${username}; 20 messages may wait for the first answer.`, { started: username })
}

export const safetyNumber: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  const digits = await (await client()).safetyNumber(username)
  output.say(digits.match(/.{5}/g)?.join(' ') ?? digits, { username, safety_number: digits })
}

export const acceptIdentity: Command = async ({ output, client, operand }) => {
  const username = operand('NAME')
  await (await client()).acceptIdentity(username)
  output.say(`The devices of ${username} are accepted as they are now.`, { accepted_identity: username })
}

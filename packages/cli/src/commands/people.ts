import type { Command } from '../command.js'
import { isManaged, managedMark } from '../managed.js'

export const users: Command = async ({ output, client, name }) => {
  const found = await (await client()).users(name)
  if (found.length === 0) output.note('Nobody is called so.')
  for (const user of found) {
    const keys = user.has_quantum_keys ? '' : '  (no keys yet)'
    await output.say(`${user.username.padEnd(24)} ${user.status}${keys}`, { ...user })
  }
}

export const request: Command = async ({ output, client, name }) => {
  const { requestId, username, expiresAt } = await (await client()).request(name)
  await output.say(`Asked ${username}. The connection is open once ${username} has accepted (qsm accept).`, {
    requested: username,
    request_id: requestId,
    expires_at: new Date(expiresAt).toISOString(),
  })
}

export const pending: Command = async ({ output, client }) => {
  const requests = await (await client()).pending()
  if (requests.length === 0) output.note('Nobody asks.')
  for (const { sender_username: from, request_id, expires_at, managed } of requests) {
    await output.say(
      `${from}${managedMark({ managed })}  until ${expires_at}: qsm accept ${from}, or qsm reject ${from}`,
      {
        from,
        request_id,
        expires_at,
        managed,
      },
    )
  }
}

export const accept: Command = async ({ output, client, name }) => {
  const me = await client()
  await me.accept(name)
  const managed = await isManaged(me, name)
  await output.say(`Accepted ${name}${managedMark({ managed })}. Compare safety numbers: qsm safety-number ${name}`, {
    accepted: name,
    managed,
  })
}

export const reject: Command = async ({ output, client, name }) => {
  await (await client()).reject(name)
  await output.say(`Rejected ${name}.`, { rejected: name })
}

export const start: Command = async ({ output, client, name }) => {
  const { username } = await (await client()).start(name)
  await output.say(`Started with ${username}; 20 messages may wait for the first answer.`, { started: username })
}

export const safetyNumber: Command = async ({ output, client, name }) => {
  const me = await client()
  const digits = await me.safetyNumber(name)
  const managed = await isManaged(me, name)
  await output.say(digits.match(/.{5}/g)?.join(' ') ?? digits, { username: name, safety_number: digits, managed })
  if (managed)
    output.note(`The server plays a device of ${name}: whoever runs the server could read what is said there.`)
}

export const acceptIdentity: Command = async ({ output, client, name }) => {
  await (await client()).acceptIdentity(name)
  await output.say(`The devices of ${name} are accepted as they are now.`, { accepted_identity: name })
}

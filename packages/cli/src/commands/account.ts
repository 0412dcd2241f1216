import { QsmClient } from '@qsm/client'
import { UsageError } from '../arguments.js'
import type { Command } from '../command.js'

const loggedIn = (client: QsmClient) => ({ username: client.username, user_id: client.userId })

export const register: Command = async ({ args, output, options, operand, password }) => {
  const username = operand('NAME')
  if (args.email === undefined) throw new UsageError('register: --email is needed')
  output.note('drawing keys: Falcon-512, ECDSA-P256, 101 prekeys …')
  const client = await QsmClient.register({ ...options, username, email: args.email, password: await password() })
  output.say(`Registered and logged in as ${client.username}.`, loggedIn(client))
  await client.close()
}

export const login: Command = async ({ output, options, operand, password }) => {
  const username = operand('NAME')
  const client = await QsmClient.login({ ...options, username, password: await password() })
  output.say(`Logged in as ${client.username}.`, loggedIn(client))
  await client.close()
}

export const logout: Command = async ({ output, client }) => {
  await (await client()).logout()
  output.say('Logged out. Keys and sessions stay for the next login.', { logged_out: true })
}

export const whoami: Command = async ({ output, client, options }) => {
  const me = await client()
  output.say(`${me.username} (${me.userId}) at ${options.url}`, { ...loggedIn(me), url: options.url })
}

export const devices: Command = async ({ output, client }) => {
  for (const device of await (await client()).devices()) {
    output.say(`${device.device_id}  since ${device.created_at}`, { ...device })
  }
}
